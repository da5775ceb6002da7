import { expect, test } from "bun:test";
import { createRateLimiter } from "./rate-limit.ts";

test("createRateLimiter() lets a burst pass, then one an interval, and fills up in a pause", () => {
  let now = 5000;
  const limiter = createRateLimiter({ intervalMs: 100, burst: 3 }, () => now);
  const take = (count: number) => Array.from({ length: count }, () => limiter.take());
  expect(take(4)).toEqual([0, 0, 0, 100]);
  now += 40;
  expect(take(1)).toEqual([60]);
  now += 60;
  expect(take(2)).toEqual([0, 100]);
  now += 1_000_000;
  expect(take(4)).toEqual([0, 0, 0, 100]);
});
