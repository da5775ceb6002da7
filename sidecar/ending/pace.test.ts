import { expect, test } from "bun:test";
import { learn, patienceMs, pauseMs, UNKNOWN_PACE } from "./pace.ts";

const after = (tookMs: readonly number[]) => tookMs.reduce(learn, UNKNOWN_PACE);

test.each<[string, readonly number[], number]>([
  ["no capture", [], 20],
  ["a quick one", [2], 20],
  ["one of a tenth of a second", [100], 100],
  ["a slow first one", [700], 700],
  ["a slow second one", [2, 700], 20],
  ["every other one slow", [700, 2, 700], 20],
  ["three slow ones of a page that was quick once", [2, 700, 700, 700], 250],
  ["a page that always takes a second", [1000, 1000], 1000],
  ["a page that always takes ten", [10_000, 10_000], 2000],
])(
  "pauseMs() after %s (%j) is %d ms, never longer than the capture before it",
  (_name, tookMs, ms) => {
    expect(pauseMs(after(tookMs), 20)).toBe(ms);
    expect(pauseMs(after(tookMs), 0)).toBeLessThanOrEqual(tookMs.at(-1) ?? 0);
  },
);

test.each<[readonly number[], number]>([
  [[], 40],
  [[2], 40],
  [[2, 700], 40],
  [[100], 400],
  [[1000, 1000], 4000],
])("patienceMs() after %j is %d ms", (tookMs, ms) => {
  expect(patienceMs(after(tookMs), 20)).toBe(ms);
});
