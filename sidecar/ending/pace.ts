/**
 * How long captures took -> when the next one is made. A node is busiest just when its pods end, so each of
 * these rules survives one capture that takes ten times as long as the others.
 */

/** What is remembered of one format's captures. Durations in milliseconds. */
export interface Pace {
  /** The last ones, newest last. */
  readonly tookMs: readonly number[];
  /** The quickest of all. */
  readonly quickestMs: number;
}

export const UNKNOWN_PACE: Pace = { tookMs: [], quickestMs: Number.POSITIVE_INFINITY };

/** The quickest of so many captures tells the application's work; one that was late tells of the machine. */
const LAST_CAPTURES = 3;

/** Longest pause for a page that has ever taken less than this. */
const QUICK_PAGE_MS = 250;

/** Longest pause for a page that always takes long: its end has to be noticed in time to serve it. */
const SLOW_PAGE_MS = 2000;

/** A capture that takes so many times as long as usual is overtaken by another. */
const MUCH_LONGER = 4;

/** What a busy machine does to a quick capture is no reason for another one. */
const LEAST_PATIENCE_MS = 40;

/** Adds a capture that was answered whole. */
export function learn(pace: Pace, tookMs: number): Pace {
  return {
    tookMs: [...pace.tookMs, tookMs].slice(-LAST_CAPTURES),
    quickestMs: Math.min(pace.quickestMs, tookMs),
  };
}

/**
 * The pause before the next capture: the interval, or as long as the quickest of the last captures took. So
 * an application spends at most half of its time on captures, and the pause is never longer than the capture
 * before it.
 */
export function pauseMs(pace: Pace, intervalMs: number): number {
  const longestMs = pace.quickestMs < QUICK_PAGE_MS ? QUICK_PAGE_MS : SLOW_PAGE_MS;
  return Math.max(intervalMs, Math.min(usualMs(pace), longestMs));
}

/** How long a capture is waited for, or for more of it to come, before another one is made beside it. */
export function patienceMs(pace: Pace, intervalMs: number): number {
  return Math.max(LEAST_PATIENCE_MS, 2 * intervalMs, MUCH_LONGER * usualMs(pace));
}

function usualMs({ tookMs }: Pace): number {
  return tookMs.length === 0 ? 0 : Math.min(...tookMs);
}
