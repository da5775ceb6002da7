/** How a cycle went -> when the next one begins (pure). */

export interface CycleResult {
  readonly intervalMs: number;
  /** From the start of the cycle to its end. */
  readonly elapsedMs: number;
  /** Cycles so far, this one included, of which not one could list any target. */
  readonly blindCycles: number;
}

/** A first success is tried for so soon; doubled with each failure, up to the interval. */
const FIRST_RETRY_MS = 1000;

/**
 * Milliseconds from the end of a cycle to the start of the next. A late cycle is followed by the next one
 * at once, but never met by it. Until something was listed at all, nobody has to wait a whole interval.
 */
export function delayToNextMs({ intervalMs, elapsedMs, blindCycles }: CycleResult): number {
  const periodMs =
    blindCycles === 0
      ? intervalMs
      : Math.min(intervalMs, FIRST_RETRY_MS * 2 ** (blindCycles - 1) + elapsedMs);
  return Math.max(0, periodMs - elapsedMs);
}
