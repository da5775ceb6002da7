/**
 * "May I?" from the thread that does a leader's work -> the answer of the thread that knows, by its clock now.
 * Threads have clocks of their own that cannot be compared (Bun 1.4.5), so a deadline cannot be handed over.
 */

/** Answers whoever holds the other end of the port. */
export function answerGate(port: MessagePort, holds: () => boolean): void {
  port.addEventListener("message", () => port.postMessage(holds()));
  port.start();
}

export interface GateOptions {
  /**
   * A yes that took longer is a no: the process may have been stopped in between. Less than the lease duration
   * less the renew deadline, since for so long after it nobody else can lead. Default 1 s.
   */
  readonly maxAgeMs?: number;
  /** Default: performance.now, which runs on while the process is stopped. */
  readonly monotonicNow?: () => number;
}

/** Asks at the other end of the port. To be called before each act of a leader. */
export function createGate(
  port: MessagePort,
  { maxAgeMs = 1000, monotonicNow = () => performance.now() }: GateOptions = {},
): () => Promise<boolean> {
  const waiting: ((may: boolean) => void)[] = [];
  port.addEventListener("message", (event) => {
    waiting.shift()?.((event as MessageEvent<boolean>).data);
  });
  port.start();
  return async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiting.push(resolve);
    const askedMs = monotonicNow();
    port.postMessage(null);
    return (await promise) && monotonicNow() - askedMs <= maxAgeMs;
  };
}
