import { expect, test } from "bun:test";
import { delayToNextMs } from "./schedule.ts";

const MINUTE = 60_000;

test.each([
  ["the rest of the interval", MINUTE, 10_000, 0, 50_000],
  ["nothing after a late cycle", MINUTE, 61_000, 0, 0],
  ["a second after a first cycle that saw nothing", MINUTE, 200, 1, 1000],
  ["two seconds after a second one", MINUTE, 200, 2, 2000],
  ["ever longer", MINUTE, 200, 6, 32_000],
  ["but no longer than the interval", MINUTE, 200, 30, 59_800],
  ["and no longer than a short one", 500, 200, 1, 300],
])("delayToNextMs() is %s", (_name, intervalMs, elapsedMs, blindCycles, expected) => {
  expect(delayToNextMs({ intervalMs, elapsedMs, blindCycles })).toBe(expected);
});
