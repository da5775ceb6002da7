import { describe, expect, test } from "bun:test";
import type { Readiness } from "../shared/http.ts";
import { encodePage, snapshotReadiness } from "./snapshot.ts";

const page = encodePage("a 1\n");

describe("snapshotReadiness()", () => {
  test.each<[number | undefined, string | undefined, Readiness]>([
    [undefined, undefined, "the load balancers were never listed yet"],
    [undefined, "it hurts", "the load balancers were never listed yet: it hurts"],
    [100_000, undefined, true],
    [100_000, "it hurts", true],
    [99_000, "it hurts", "the load balancers were last listed 301s ago, more than 5m: it hurts"],
  ])("last listed at %p with problem %p is %p", (lastSuccessAtMs, problem, expected) => {
    const times = { nowMs: 400_000, maxAgeMs: 300_000 };
    expect(snapshotReadiness({ ...page, lastSuccessAtMs, problem }, times)).toBe(expected);
  });
});

test("encodePage() gives the same text plain and gzipped", () => {
  expect(new TextDecoder().decode(page.plain)).toBe("a 1\n");
  expect(new TextDecoder().decode(Bun.gunzipSync(page.gzip))).toBe("a 1\n");
});
