import { describe, expect, test } from "bun:test";
import { parseStrictly } from "./strict-page.ts";

const GAUGE = "# HELP g G.\n# TYPE g gauge\n";
const COUNTER = "# HELP c_total C.\n# TYPE c_total counter\n";
const HISTOGRAM = "# HELP h H.\n# TYPE h histogram\n";

test("parseStrictly() reads what is well-formed", () => {
  const page = `${GAUGE}g{a="1",b="q\\"b\\\\n\\n 한{,}="} -1.5e-7\n${COUNTER}c_total 0\n`;
  expect(parseStrictly(page, "text")).toEqual([
    {
      name: "g",
      type: "gauge",
      samples: [{ name: "g", labels: { a: "1", b: 'q"b\\n\n 한{,}=' }, value: -1.5e-7 }],
    },
    { name: "c_total", type: "counter", samples: [{ name: "c_total", labels: {}, value: 0 }] },
  ]);
  const open = "# HELP c_seconds C.\n# TYPE c_seconds counter\n# UNIT c_seconds seconds\n";
  expect(parseStrictly(`${open}c_seconds_total 1\n# EOF\n`, "openmetrics")).toHaveLength(1);
});

describe("parseStrictly() refuses", () => {
  test.each([
    ["no new line at the end", `${GAUGE}g 1`],
    ["an empty line", `${GAUGE}\ng 1\n`],
    ["a sample without a head", "g 1\n"],
    ["a sample of another family", `${GAUGE}${COUNTER}g 1\n`],
    ["a head that comes twice", `${GAUGE}g 1\n${GAUGE}`],
    ["TYPE without HELP", "# TYPE g gauge\n"],
    ["HELP without TYPE", "# HELP g G.\n"],
    ["a series that comes twice", `${GAUGE}g{a="1",b="2"} 1\ng{b="2",a="1"} 2\n`],
    ["a label that comes twice", `${GAUGE}g{a="1",a="2"} 1\n`],
    ["a quote in a label", `${GAUGE}g{a="1"2"} 1\n`],
    ["a backslash in a label", `${GAUGE}g{a="\\x"} 1\n`],
    ["a new line in a label", `${GAUGE}g{a="1\n2"} 1\n`],
    ["no value", `${GAUGE}g \n`],
    ["a value that is no number", `${GAUGE}g NaN\n`],
    ["a value in hexadecimal", `${GAUGE}g 0x10\n`],
    ["empty labels", `${GAUGE}g{} 1\n`],
    ["a counter below 0", `${COUNTER}c_total -1\n`],
    ["a counter without _total", "# HELP c C.\n# TYPE c counter\nc 1\n"],
    ["half of a surrogate pair", `${GAUGE}g{a="\ud800"} 1\n`],
    ["buckets that shrink", `${HISTOGRAM}h_bucket{le="1.0"} 2\nh_bucket{le="+Inf"} 1\nh_count 1\n`],
    ["a count that is not the last bucket", `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_count 2\n`],
  ])("%s", (_name, page) => {
    expect(() => parseStrictly(page, "text")).toThrow();
  });

  test.each([
    ["no end", GAUGE],
    ["an end that comes twice", `${GAUGE}# EOF\n# EOF\n`],
    ["a unit that the name does not end in", `${GAUGE}# UNIT g seconds\n# EOF\n`],
    ["a family that ends in _total", `${COUNTER}c_total 1\n# EOF\n`],
  ])("as OpenMetrics %s", (_name, page) => {
    expect(() => parseStrictly(page, "openmetrics")).toThrow();
  });
});
