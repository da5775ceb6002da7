/** When the next call of a zone may be sent: so far apart, and not while the cloud asked to wait. */
import type { ApiError } from "./errors.ts";

/** The collection that a call belongs to. */
export interface Cycle {
  /** Aborts at the collection's deadline, or where it is given up. */
  readonly signal: AbortSignal;
  /** The deadline by the monotonic clock, in milliseconds. */
  readonly endsAtMs: number;
}

export interface PacerOptions {
  /** Least time from the start of one call to the start of the next, in milliseconds. */
  readonly spacingMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicNow: () => number;
  /** Waits; ends early when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The pace of one zone, shared by all its calls. */
export interface Pacer {
  /**
   * Waits for the next turn. Throws the {@link ApiError} that the pause is for where the pause
   * outlasts the collection: the cloud is then not asked at all.
   */
  turn(cycle: Cycle): Promise<void>;
  /** After an answer of class `ratelimit`: no call for as long as the cloud asked, or ever longer. */
  pause(error: ApiError): void;
  /** Whether a pause will last until the collection's end, so that nothing more can come of it. */
  outlasts(cycle: Cycle): boolean;
  /** After an answer of any other kind: the next pause begins small again. */
  resume(): void;
}

/** Pauses where the cloud does not say for how long: doubled from the first to the last. */
const PAUSE_MS = { first: 1000, last: 60_000 };

/** Longest pause that a `Retry-After` can ask for: more is taken for a mistake. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** No call was made yet. */
export function createPacer({ spacingMs, monotonicNow, sleep }: PacerOptions): Pacer {
  let nextStartMs = Number.NEGATIVE_INFINITY;
  let paused: { readonly error: ApiError; readonly untilMs: number } | undefined;
  let pauses = 0;
  const outlasts = ({ endsAtMs }: Cycle) => paused !== undefined && paused.untilMs >= endsAtMs;
  const isPaused = () => paused !== undefined && paused.untilMs > monotonicNow();

  return {
    outlasts,
    turn: async (cycle) => {
      const { signal } = cycle;
      for (;;) {
        const nowMs = monotonicNow();
        if (paused !== undefined && paused.untilMs <= nowMs) paused = undefined;
        if (paused !== undefined && outlasts(cycle)) throw paused.error;
        if (paused !== undefined) {
          await sleep(paused.untilMs - nowMs, signal);
          if (signal.aborted) return;
          continue;
        }
        const startMs = Math.max(nowMs, nextStartMs);
        // Taken now, so that the calls that wait start one after the other, not together.
        nextStartMs = startMs + spacingMs;
        if (startMs > nowMs) await sleep(startMs - nowMs, signal);
        // A pause may have begun meanwhile.
        if (signal.aborted || !isPaused()) return;
      }
    },
    pause: (error) => {
      const already = isPaused();
      const own = Math.min(PAUSE_MS.first * 2 ** pauses, PAUSE_MS.last);
      // Calls that were in flight together are refused together, and that is one refusal.
      if (!already) pauses += 1;
      else if (error.retryAfterMs === undefined) return;
      const waitMs = Math.min(error.retryAfterMs ?? own, MAX_RETRY_AFTER_MS);
      const untilMs = monotonicNow() + waitMs;
      if (!already || (paused?.untilMs ?? 0) < untilMs) paused = { error, untilMs };
    },
    resume: () => {
      pauses = 0;
    },
  };
}
