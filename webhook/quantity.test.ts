import { expect, test } from "bun:test";
import { parseQuantity } from "./quantity.ts";

test.each<[string | number, number]>([
  ["1", 1],
  [2, 2],
  [0.5, 0.5],
  ["100m", 0.1],
  ["1100m", 1.1],
  ["1.1", 1.1],
  [".5", 0.5],
  ["5.", 5],
  ["+3", 3],
  ["-1", -1],
  ["1e3", 1000],
  ["1E3", 1000],
  ["1E", 1e18],
  ["64Mi", 67_108_864],
  ["1.5Gi", 1_610_612_736],
  ["128974848", 128_974_848],
  ["129M", 129_000_000],
  ["5n", 5e-9],
  ["7u", 7e-6],
  ["2k", 2000],
])("parseQuantity(%p) is %p", (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

test.each(["", " 1", "1 ", "abc", "1.2.3", "1Mb", "1K", "1mi", "0x10", "1e", "Mi", "-", ".", "∞"])(
  "parseQuantity(%p) is nothing",
  (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  },
);

test.each([undefined, null])("parseQuantity(%p) is nothing", (nothing) => {
  expect(parseQuantity(nothing)).toBeUndefined();
});
