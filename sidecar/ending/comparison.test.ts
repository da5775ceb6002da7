import { describe, expect, test } from "bun:test";
import { compare } from "./comparison.ts";
import { familyOf, parseExposition } from "./exposition.ts";
import type { Page } from "./pages.ts";

const page = (
  text: string,
  headers: Record<string, string> = { "content-type": "text/plain; version=0.0.4" },
): Page => ({
  bytes: new TextEncoder().encode(text),
  headers: new Headers(headers),
  asOfMs: 0,
});
const context = { recent: [], metricsPaths: ["/metrics"] };
const COUNTER = "# TYPE a_total counter\n";

describe("parseExposition()", () => {
  test("reads series, values and types, passing over timestamps and exemplars", () => {
    const text = [
      "# HELP a_total A.",
      "# TYPE a_total counter",
      'a_total{path="/x} y",quote="\\"{"} 5 1700000000000',
      'b_bucket{le="+Inf"} 7 # {trace="x"} 0.5',
      "c NaN",
      "d +Inf",
      "e -1.5e3",
      "nonsense",
      'broken{a="b 1',
      "",
      "# EOF",
    ].join("\n");
    const { series, types } = parseExposition(text);
    expect([...series]).toEqual([
      ['a_total{path="/x} y",quote="\\"{"}', 5],
      ['b_bucket{le="+Inf"}', 7],
      ["c", Number.NaN],
      ["d", Number.POSITIVE_INFINITY],
      ["e", -1500],
    ]);
    expect([...types]).toEqual([["a_total", "counter"]]);
  });

  test.each([
    ["a_total", "a_total", "counter"],
    ['h_bucket{le="1"}', "h", "histogram"],
    ["h_count", "h", "histogram"],
    ["om_total", "om", "counter"],
    ["other", "other", "untyped"],
  ])("familyOf(%p) is %p, a %s", (series, name, type) => {
    const types = new Map([
      ["a_total", "counter"],
      ["h", "histogram"],
      ["om", "counter"],
    ]);
    expect(familyOf(series, types)).toEqual({ name, type });
  });
});

describe("compare()", () => {
  test("adds up what moved, by family", () => {
    const before = page(
      `${COUNTER}a_total{k="1"} 5\na_total{k="2"} 5\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\nh_sum 0.5\n`,
    );
    const after = page(
      `${COUNTER}a_total{k="1"} 8\na_total{k="2"} 5\na_total{k="3"} 2\n# TYPE h histogram\nh_bucket{le="1"} 3\nh_count 3\nh_sum 1.5\n`,
    );
    const moved = compare(before, after, context);
    expect(moved).toMatchObject({ series: 5, missed: 5 });
    expect([...(moved?.increases ?? [])]).toEqual([
      ["a_total", 5],
      ["h", 2],
    ]);
  });

  test.each([
    ["the same bytes", "x 1\n", "x 1\n", 0],
    ["another order of lines", `${COUNTER}a_total 1\nb 2\n`, `b 2\n${COUNTER}a_total 1\n`, 0],
    [
      "what the runtime counts of itself",
      "process_cpu_seconds_total 1\ngo_gc_count 1\n",
      "process_cpu_seconds_total 2\ngo_gc_count 2\n",
      0,
    ],
    [
      "what the scrapes count",
      'http_requests_total{path="/metrics"} 1\n',
      'http_requests_total{path="/metrics"} 9\n',
      0,
    ],
    [
      "a request",
      'http_requests_total{path="/buy"} 1\n',
      'http_requests_total{path="/buy"} 2\n',
      1,
    ],
    ["a gauge", "# TYPE q gauge\nq 1\n", "# TYPE q gauge\nq 0\n", 1],
    ["a series that is new", "a 1\n", "a 1\nb 0\n", 1],
    ["NaN that stays NaN", "a NaN\n", "a NaN\nb 1\n", 1],
  ])("finds in %s what would be missed", (_name, before, after, missed) => {
    expect(compare(page(before), page(after), context)?.missed).toBe(missed);
  });

  test("leaves a gauge aside that moved at every capture, and no counter that did", () => {
    const at = (n: number) =>
      page(`# TYPE t gauge\nt ${n}\n${COUNTER}a_total ${n}\n# TYPE q gauge\nq 1\n`);
    const recent = [at(7), at(8), at(9)];
    const last = recent[2] as Page;
    expect(compare(at(1), last, { ...context, recent })?.missed).toBe(1);
    expect(compare(at(1), last, { ...context, recent: recent.slice(1) })?.missed).toBe(2);
  });

  test("reads gzip, and OpenMetrics", () => {
    const headers = new Headers({
      "content-type": "application/openmetrics-text; version=1.0.0",
      "content-encoding": "gzip",
    });
    const zip = (text: string): Page => ({ bytes: Bun.gzipSync(text), headers, asOfMs: 0 });
    expect(compare(zip("a 1\n# EOF\n"), zip("a 2\n# EOF\n"), context)?.missed).toBe(1);
  });

  test.each([
    { "content-type": "application/vnd.google.protobuf" },
    { "content-type": "text/plain", "content-encoding": "zstd" },
    { "content-type": "text/plain", "content-encoding": "gzip" },
  ])("does not know what moved under %p", (headers) => {
    expect(compare(page("a 1\n", headers), page("a 2\n", headers), context)).toBeUndefined();
  });
});
