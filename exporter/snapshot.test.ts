import { describe, expect, test } from "bun:test";
import type { Readiness } from "../shared/http.ts";
import { encodePage, encodeSmallPage, type Snapshot, snapshotReadiness } from "./snapshot.ts";

const pages = await encodePage({ text: "a 1\n", openmetrics: "a 1\n# EOF\n" });

describe("snapshotReadiness()", () => {
  const fresh = { pages, status: new Blob(), builtAtMs: 100_000, listed: true, problem: undefined };
  test.each<[string, Partial<Snapshot>, Readiness]>([
    ["never listed", { listed: false }, "the load balancers were never listed yet"],
    [
      "never listed, and why",
      { listed: false, problem: "it hurts" },
      "the load balancers were never listed yet: it hurts",
    ],
    ["just in time", {}, true],
    ["of a cloud that fails, of which the page tells", { problem: "it hurts" }, true],
    [
      "too old, whatever the cloud does",
      { builtAtMs: 99_000 },
      "the page was last built 301s ago, more than 5m: the worker is restarted if it hangs, see the log",
    ],
  ])("%s", (_name, over, expected) => {
    const times = { nowMs: 400_000, maxAgeMs: 300_000 };
    expect(snapshotReadiness({ ...fresh, ...over }, times)).toBe(expected);
  });
});

test("encodePage() and encodeSmallPage() give the same text plain and gzipped", async () => {
  const small = encodeSmallPage({ text: "a 1\n", openmetrics: "a 1\n# EOF\n" });
  for (const { plain, gzip } of [...Object.values(pages), ...Object.values(small)]) {
    const unzipped = Bun.gunzipSync(await gzip.arrayBuffer());
    expect(new TextDecoder().decode(unzipped)).toBe(await plain.text());
  }
});
