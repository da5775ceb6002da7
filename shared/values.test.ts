import { describe, expect, test } from "bun:test";
import { bindAddress, duration, formatDuration, httpUrl, oneOf, wholeNumber } from "./values.ts";

describe("wholeNumber()", () => {
  const port = wholeNumber(0, 65_535);
  test.each([
    ["0", 0],
    ["9105", 9105],
    [" 80 ", 80],
    ["65535", 65_535],
  ])("reads %p", (text, value) => {
    expect(port.parse(text)).toBe(value);
  });
  test.each(["", "abc", "70000", "-1", "1.5", "0x10", "1e3", "８０"])(
    "refuses %p and says what is allowed",
    (text) => {
      expect(port.safeParse(text).error?.issues[0]?.message).toBe(
        "must be a whole number from 0 to 65535",
      );
    },
  );
});

describe("duration()", () => {
  const interval = duration(1000, 7_200_000);
  test.each([
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["2h", 7_200_000],
    ["1500ms", 1500],
    ["1.5s", 1500],
    ["1h1m1s", 3_661_000],
  ])("reads %p", (text, ms) => {
    expect(interval.parse(text)).toBe(ms);
  });
  test.each(["", "30", "s", "1d", "500ms", "3h", "30s1m", "-5s"])("refuses %p", (text) => {
    expect(interval.safeParse(text).success).toBe(false);
  });
  test("formatDuration() gives what it reads", () => {
    for (const ms of [1000, 1500, 60_000, 90_000, 3_600_000, 3_661_000]) {
      expect(interval.parse(formatDuration(ms))).toBe(ms);
    }
  });
});

describe("bindAddress()", () => {
  test.each([
    [":8080", { host: "::", port: 8080 }],
    ["8080", { host: "::", port: 8080 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["[::1]:9443", { host: "::1", port: 9443 }],
    ["localhost:81", { host: "localhost", port: 81 }],
    ["0", null],
  ])("reads %p", (text, value) => {
    expect(bindAddress().parse(text)).toEqual(value);
  });
  test.each(["", ":", "::1:80", ":70000", "a b:1", "host", "[::1]"])("refuses %p", (text) => {
    expect(bindAddress().safeParse(text).success).toBe(false);
  });
});

describe("httpUrl()", () => {
  test("drops the slash at the end", () => {
    expect(httpUrl().parse("https://api.example.com/")).toBe("https://api.example.com");
  });
  test.each(["", "api.example.com", "ftp://a", "https://user:pw@a/", "http://a/?x=1"])(
    "refuses %p",
    (text) => {
      expect(httpUrl().safeParse(text).success).toBe(false);
    },
  );
});

test("oneOf() names the words", () => {
  expect(oneOf(["json", "text"]).safeParse("xml").error?.issues[0]?.message).toBe(
    "must be one of json, text",
  );
});
