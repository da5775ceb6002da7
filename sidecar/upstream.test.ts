import { expect, test } from "bun:test";
import { deadlineFor } from "./upstream.ts";

test.each([
  [undefined, 10_000],
  ["30", 10_000],
  ["5", 4500],
  ["0.5", 250],
  ["0", 10_000],
  ["soon", 10_000],
])("deadlineFor() a scrape that announces %p s is %p ms", (seconds, ms) => {
  const headers = new Headers(
    seconds === undefined ? {} : { "x-prometheus-scrape-timeout-seconds": seconds },
  );
  expect(deadlineFor(headers, 10_000)).toBe(ms);
});
