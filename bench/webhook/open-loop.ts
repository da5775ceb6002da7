/**
 * Load that comes at fixed times whatever the server does, as the API server's does: a request that
 * has to wait because others are slow has waited from the moment at which it was due.
 */

export interface OpenLoop {
  readonly perSecond: number;
  /** Requests in all; the loop ends earlier once `signal` is aborted. */
  readonly count: number;
  readonly signal?: AbortSignal;
  /** Asks the request of that number, and gives when its answer was whole, in nanoseconds. */
  readonly ask: (number: number) => Promise<number>;
}

export interface Answers {
  /** Milliseconds from when a request was due to its whole answer, in the order of the answers. */
  readonly latenciesMs: readonly number[];
  /** What went wrong, one entry a failed request. */
  readonly failures: readonly string[];
}

/** Asks all requests when they are due, and resolves when all are answered or have failed. */
export async function openLoop({ perSecond, count, signal, ask }: OpenLoop): Promise<Answers> {
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const asked: Promise<void>[] = [];
  const startNs = Bun.nanoseconds();
  const dueNs = (number: number) => startNs + (number / perSecond) * 1e9;
  const send = async (number: number) => {
    try {
      latenciesMs.push(((await ask(number)) - dueNs(number)) / 1e6);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  };
  const allSent = Promise.withResolvers<void>();
  // It never sleeps: a timer is late by up to a millisecond, and that would be in every number.
  const look = () => {
    while (asked.length < count && dueNs(asked.length) <= Bun.nanoseconds()) {
      asked.push(send(asked.length));
    }
    if (asked.length < count && signal?.aborted !== true) setImmediate(look);
    else allSent.resolve();
  };
  look();
  await allSent.promise;
  await Promise.all(asked);
  return { latenciesMs, failures };
}
