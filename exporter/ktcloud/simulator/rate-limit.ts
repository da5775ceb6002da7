/** Calls of a token -> whether there were too many within a second, and what it is answered then. */
import { type Answer, gatewayError, RATE_LIMIT_TEXT, retryAfter } from "./answers.ts";
import type { ZoneKnobs } from "./knobs.ts";

/** Whether one more call is allowed, by key; a refused call does not count. */
export type RateLimiter = (key: string, perSecond: number) => boolean;

/** Beyond so many keys all are forgotten. */
const KEYS = 1000;

/** A limiter that has seen nothing. `now` is in milliseconds. */
export function createRateLimiter(now: () => number): RateLimiter {
  const seen = new Map<string, number[]>();
  return (key, perSecond) => {
    const nowMs = now();
    if (seen.size > KEYS) seen.clear();
    const recent = (seen.get(key) ?? []).filter((atMs) => atMs > nowMs - 1000);
    const allowed = recent.length < perSecond;
    if (allowed) recent.push(nowMs);
    seen.set(key, recent);
    return allowed;
  };
}

/** What a call over the limit is answered. `nowMs` is by the cloud's own clock. */
export function rateLimitAnswer(limit: NonNullable<ZoneKnobs["rateLimit"]>, nowMs: number): Answer {
  const { answer, retryAfter: as, retryAfterSeconds } = limit;
  const error = gatewayError(Number(answer), RATE_LIMIT_TEXT);
  if (as === "none") return error;
  return { ...error, headers: { "retry-after": retryAfter(as, retryAfterSeconds, nowMs) } };
}
