import { expect, test } from "bun:test";
import { median, percentile, perRound } from "./statistics.ts";

test.each([
  [[3], 3],
  [[1, 9], 5],
  [[9, 1, 4], 4],
  [[4, 1, 3, 2], 2.5],
  [[5, 1, 2, 3, 4], 3],
])("median() of %p is %p", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("percentile() finds the value at a share of the sorted values", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([percentile(values, 0), percentile(values, 0.99), percentile(values, 1)]).toEqual([
    1, 100, 100,
  ]);
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});

test("perRound() combines the numbers of the same round", () => {
  expect(perRound([10, 30], [5, 10], (a, b) => a / b)).toEqual([2, 3]);
});
