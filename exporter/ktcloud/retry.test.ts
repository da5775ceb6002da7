import { describe, expect, test } from "bun:test";
import { ApiError, type FailureClass } from "./errors.ts";
import { retryDelayMs } from "./retry.ts";

function retried(failure: FailureClass, status?: number, tries = 1) {
  const error = new ApiError("", { failure, operation: "list_servers", status });
  return retryDelayMs(error, { tries, random: 0.5 });
}

describe("retryDelayMs()", () => {
  test.each<[FailureClass, number | undefined, boolean]>([
    ["network", undefined, true],
    ["timeout", undefined, true],
    ["ratelimit", 429, true],
    ["ratelimit", 498, true],
    ["http", 500, true],
    ["http", 503, true],
    ["http", 400, false],
    ["http", 403, false],
    ["http", 404, false],
    ["auth", 401, false],
    ["parse", 200, false],
    ["api", 200, false],
  ])("of %s with status %p: %p", (failure, status, expected) => {
    expect(retried(failure, status) !== undefined).toBe(expected);
  });

  test("sends nothing a third time", () => {
    expect(retried("network", undefined, 2)).toBeUndefined();
  });

  test("leaves the login to its own rhythm", () => {
    const error = new ApiError("", { failure: "network", operation: "token" });
    expect(retryDelayMs(error, { tries: 1, random: 0 })).toBeUndefined();
  });

  test.each([
    [0, 100],
    [0.5, 300],
    [1, 500],
  ])("with the chance %d waits %d ms", (random, expected) => {
    const error = new ApiError("", { failure: "timeout", operation: "list_servers" });
    expect(retryDelayMs(error, { tries: 1, random })).toBe(expected);
  });
});
