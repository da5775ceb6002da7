import { describe, expect, test } from "bun:test";
import { add, addHistogram, countSamples, family, labels, renderFamilies } from "./exposition.ts";

describe("labels()", () => {
  test.each<[Record<string, string | undefined>, string]>([
    [{}, ""],
    [{ a: undefined }, ""],
    [{ a: "" }, '{a=""}'],
    [{ a: "1", b: undefined, c: "2" }, '{a="1",c="2"}'],
    [{ a: 'q"q' }, '{a="q\\"q"}'],
    [{ a: "b\\n" }, '{a="b\\\\n"}'],
    [{ a: "l\nl" }, '{a="l\\nl"}'],
    [{ a: '\\"\n' }, '{a="\\\\\\"\\n"}'],
    [{ a: "쇼핑몰 {,}=" }, '{a="쇼핑몰 {,}="}'],
  ])("%j is %s", (pairs, expected) => {
    expect(labels(pairs)).toBe(expected);
  });
});

describe("add()", () => {
  test.each([
    [1, "g 1"],
    [0, "g 0"],
    [0.25, "g 0.25"],
    [1e21, "g 1e+21"],
    [1_767_225_600.123, "g 1767225600.123"],
    [Number.NaN, "g NaN"],
    [Number.POSITIVE_INFINITY, "g +Inf"],
    [Number.NEGATIVE_INFINITY, "g -Inf"],
  ])("writes %p as %s", (value, line) => {
    const one = family("gauge", "g", "G.");
    add(one, "", value);
    expect(one.lines).toEqual([line]);
  });

  test("writes nothing for what is not known", () => {
    const one = family("gauge", "g", "G.");
    add(one, "", undefined);
    expect(one.lines).toEqual([]);
  });
});

describe("renderFamilies()", () => {
  const counter = family("counter", "a_seconds_total", 'Say "a\\b"\nand more.');
  add(counter, labels({ x: "1" }), 2);
  const histogram = family("histogram", "h", "H.");
  addHistogram(histogram, labels({ x: "1" }), {
    bounds: [0.5, 1],
    buckets: [1, 2],
    count: 3,
    sum: 4.5,
  });
  const samples = [
    'h_bucket{x="1",le="0.5"} 1',
    'h_bucket{x="1",le="1.0"} 2',
    'h_bucket{x="1",le="+Inf"} 3',
    'h_sum{x="1"} 4.5',
    'h_count{x="1"} 3',
  ];

  test("writes the text format", () => {
    expect(renderFamilies([counter, histogram], "text").split("\n")).toEqual([
      '# HELP a_seconds_total Say "a\\\\b"\\nand more.',
      "# TYPE a_seconds_total counter",
      'a_seconds_total{x="1"} 2',
      "# HELP h H.",
      "# TYPE h histogram",
      ...samples,
      "",
    ]);
  });

  test("writes OpenMetrics: a counter's family without _total, its unit, and the end", () => {
    expect(renderFamilies([counter, histogram], "openmetrics").split("\n")).toEqual([
      '# HELP a_seconds Say \\"a\\\\b\\"\\nand more.',
      "# TYPE a_seconds counter",
      "# UNIT a_seconds seconds",
      'a_seconds_total{x="1"} 2',
      "# HELP h H.",
      "# TYPE h histogram",
      ...samples,
      "# EOF",
      "",
    ]);
  });

  test("writes the head of a family without samples", () => {
    expect(renderFamilies([family("gauge", "g", "G.")], "text")).toBe(
      "# HELP g G.\n# TYPE g gauge\n",
    );
  });

  test("countSamples() counts lines, not heads", () => {
    expect(countSamples([counter, histogram])).toBe(6);
  });
});

test("addHistogram() without labels writes the bound alone", () => {
  const one = family("histogram", "h", "H.");
  addHistogram(one, "", { bounds: [1], buckets: [0], count: 0, sum: 0 });
  expect(one.lines).toEqual([
    'h_bucket{le="1.0"} 0',
    'h_bucket{le="+Inf"} 0',
    "h_sum 0",
    "h_count 0",
  ]);
});
