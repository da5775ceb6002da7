import { describe, expect, test } from "bun:test";
import { ageInWords, allOf, countOf, durationInWords, numberInWords, partOf } from "./words.ts";

describe("numberInWords()", () => {
  test.each([
    [undefined, "–"],
    [Number.NaN, "–"],
    [Number.POSITIVE_INFINITY, "–"],
    [0, "0"],
    [7, "7"],
    [0.5, "0.5"],
    [12.345, "12.35"],
    [123.4, "123"],
    [1234, "1,234"],
    [99_999, "99,999"],
    [1_234_567, "1.23M"],
    [-3, "-3"],
    // Rounded to 0, it would look like nothing at all.
    [0.0004, "4.0e-4"],
    [1e300, "1.0e+300"],
  ])("%p is %p", (value, expected) => {
    expect(numberInWords(value)).toBe(expected);
  });
});

describe("durationInWords()", () => {
  test.each([
    [-5, "0 ms"],
    [0, "0 ms"],
    [380.4, "380 ms"],
    [1000, "1 s"],
    [12_400, "12 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [3_600_000, "1 h"],
    [3_605_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [180_000_000, "2 d 2 h"],
  ])("%p ms is %p", (ms, expected) => {
    expect(durationInWords(ms)).toBe(expected);
  });
});

test.each([
  [-60_000, "0 s"],
  [999, "0 s"],
  [12_000, "12 s"],
])("ageInWords(%p) is %p", (ms, expected) => {
  expect(ageInWords(ms)).toBe(expected);
});

test("allOf() has a word for two", () => {
  expect([allOf(2, "server"), allOf(3, "server")]).toEqual(["both servers", "all 3 servers"]);
});

test("countOf() and partOf() agree in number", () => {
  expect([countOf(0, "server"), countOf(1, "server"), countOf(1200, "server")]).toEqual([
    "0 servers",
    "1 server",
    "1,200 servers",
  ]);
  expect([partOf(1, 1, "server"), partOf(1, 3, "server"), partOf(3, 3, "server")]).toEqual([
    "1 server",
    "1 of 3 servers",
    "3 servers",
  ]);
});
