import { describe, expect, test } from "bun:test";
import { createLogger, describeError, type LogFormat } from "./log.ts";

function capture(format: LogFormat) {
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    format,
    write: (line) => lines.push(line),
    now: () => new Date("2026-01-02T03:04:05.678Z"),
  });
  return { lines, log };
}

describe("createLogger()", () => {
  test("writes logfmt, quoting what holds spaces or quotes", () => {
    const { lines, log } = capture("text");
    log.info("Listening", {
      address: "[::]:9105",
      note: 'a "b"\nc',
      count: 3,
      on: true,
      list: [1],
    });
    expect(lines).toEqual([
      'time=2026-01-02T03:04:05.678Z level=INFO msg=Listening address="[::]:9105" note="a \\"b\\"\\nc" count=3 on=true list="[1]"\n',
    ]);
  });
  test("writes one JSON object a line", () => {
    const { lines, log } = capture("json");
    log.warn("Broken off", { error: new Error("outer", { cause: new Error("inner") }), at: 5n });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: "2026-01-02T03:04:05.678Z",
        level: "WARN",
        msg: "Broken off",
        error: "outer: inner",
        at: "5",
      },
    ]);
  });
  test("drops what is below its level", () => {
    const { lines, log } = capture("text");
    log.debug("Hidden");
    expect(lines).toEqual([]);
  });
});

test("describeError() tells values that are no errors too", () => {
  expect(describeError("text")).toBe("text");
  expect(describeError(new TypeError(""))).toBe("TypeError");
});
