/** A token bucket: how many requests may pass. */

export interface RateLimit {
  /** Time in which one more request may pass, in milliseconds, above 0. */
  readonly intervalMs: number;
  /** How many may pass at once after a pause, at least 1. */
  readonly burst: number;
}

export interface RateLimiter {
  /** 0 where the request may pass; else in how many milliseconds one may. */
  take(): number;
}

/** A bucket that is full at first. `nowMs` is a clock that never goes back. */
export function createRateLimiter(
  { intervalMs, burst }: RateLimit,
  nowMs: () => number,
): RateLimiter {
  let tokens = burst;
  let seenMs = nowMs();
  return {
    take: () => {
      const now = nowMs();
      tokens = Math.min(burst, tokens + (now - seenMs) / intervalMs);
      seenMs = now;
      if (tokens < 1) return (1 - tokens) * intervalMs;
      tokens -= 1;
      return 0;
    },
  };
}
