/** A call -> its answer, or nothing where there is none in time. */
import { ApiError } from "../../shared/cluster/api.ts";
import type { LeaseOperation } from "./leases.ts";

export interface Call<T> {
  readonly operation: LeaseOperation;
  readonly run: (signal: AbortSignal) => Promise<T>;
}

export interface Limit {
  /** How long the answer is waited for, in milliseconds. */
  readonly ms: number;
  /** Gives up at once. */
  readonly end: AbortSignal;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told of a failure, but not of one that comes from `end`. */
  readonly onError: (error: ApiError) => void;
}

/** Gives `undefined` where the call failed. Rejects only with what is no {@link ApiError}. */
export async function callWithin<T>(
  { ms, end, sleep, onError }: Limit,
  { operation, run }: Call<T>,
): Promise<{ readonly value: T } | undefined> {
  const asking = new AbortController();
  const answered = new AbortController();
  // A race, since the end of leading must not hang on how soon a call takes notice of its signal.
  const limit = sleep(ms, AbortSignal.any([end, answered.signal])).then((): never => {
    asking.abort();
    throw new ApiError({ operation, code: "timeout" }, "no answer in time");
  });
  try {
    return { value: await Promise.race([run(asking.signal), limit]) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!end.aborted) onError(error);
    return undefined;
  } finally {
    answered.abort();
  }
}
