import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatKey, type Page, Pages } from "./pages.ts";
import { createReport, type Ended, type Report, writeTerminationMessage } from "./report.ts";
import type { Scraper } from "./scrapers.ts";

const page = (text: string, asOfMs: number): Page => ({
  bytes: new TextEncoder().encode(text),
  headers: new Headers({ "content-type": "text/plain; version=0.0.4" }),
  asOfMs,
});

const scraper = (id: string, before?: Page, held?: Page): Scraper => ({
  id,
  address: id,
  userAgent: "",
  lastMs: 0,
  intervalMs: undefined,
  held: held && { page: held, format: "f" },
  before: before && { page: before, format: "f" },
});

const ENDED: Omit<Ended, "outcome"> = {
  firstSignMs: 0,
  endMs: 1234.4,
  flushedMs: undefined,
  captureIntervalMs: 20,
  backgroundIntervalMs: 400,
  tooLarge: 0,
  scrapers: [],
  isServed: () => true,
  pages: new Pages("/metrics"),
  metricsPaths: ["/metrics"],
};

function report(
  scrapers: readonly Scraper[],
  served: readonly string[],
  outcome: Ended["outcome"],
): Report {
  return createReport({
    ...ENDED,
    outcome,
    scrapers,
    isServed: ({ id }) => served.includes(id),
  });
}

const TYPES = "# TYPE a_total counter\n# TYPE b_total counter\n";
const early = page(`${TYPES}a_total 1\nb_total 5\n`, 0);
const late = page(`${TYPES}a_total 11\nb_total 7\n`, 1);

describe("createReport()", () => {
  test("names who was served and who was missed, and what the final scrape moved", () => {
    const told = report([scraper("x", early, late), scraper("y", early, early)], ["x"], "deadline");
    expect(told).toEqual({
      outcome: "deadline",
      complete: false,
      waited_seconds: 1.234,
      reason: "the grace period was over before every scraper had the final page",
      final_page_age_seconds: null,
      served: ["x"],
      missed: ["y"],
      moved_series: 2,
      moved_families: [
        { name: "a_total", increase: 10 },
        { name: "b_total", increase: 2 },
      ],
      too_large: 0,
      event: "ended",
    });
  });

  test("counts all of it for a scraper that had nothing before", () => {
    expect(report([scraper("x", undefined, late)], ["x"], "delivered")).toMatchObject({
      complete: true,
      moved_series: 2,
      moved_families: [
        { name: "a_total", increase: 11 },
        { name: "b_total", increase: 7 },
      ],
    });
  });

  test.each([
    ["delivered", true],
    ["unchanged", true],
    ["deadline", false],
    ["never_scraped", false],
    ["scrapers_gone", false],
    ["nothing_captured", false],
  ] as const)("%s is complete: %p", (outcome, complete) => {
    expect(report([], [], outcome).complete).toBe(complete);
  });
});

describe("createReport() of the final page's age", () => {
  const FORMAT = { path: "/metrics", headers: new Headers({ accept: "a" }) };
  const KEY = formatKey(FORMAT);
  const captured = (n: number, asOfMs: number) => page(`${TYPES}a_total ${n}\n`, asOfMs);

  interface Story {
    /** Captures before the end and after its first sign at 1000 ms: when, and what was counted. */
    readonly before?: readonly (readonly [number, number])[];
    readonly after?: readonly (readonly [number, number])[];
    readonly failures?: number;
    readonly closedMs?: number;
    readonly flushedMs?: number;
    readonly intervalMs?: number;
  }

  function tell({ before = [], after = [], failures = 0, ...story }: Story) {
    const pages = new Pages("/metrics");
    pages.want(KEY, FORMAT);
    for (const [atMs, n] of before) pages.capture(KEY, captured(n, atMs), 2);
    if (story.closedMs !== undefined && story.closedMs < 1000) pages.refused(story.closedMs);
    pages.begin();
    for (const [atMs, n] of after) pages.capture(KEY, captured(n, atMs), 2);
    for (let i = 0; i < failures; i++) pages.spoiled(KEY);
    if (story.closedMs !== undefined) pages.refused(story.closedMs);
    const {
      complete,
      reason,
      final_page_age_seconds: age,
    } = createReport({
      ...ENDED,
      outcome: "delivered",
      firstSignMs: 1000,
      endMs: 9000,
      flushedMs: story.flushedMs,
      captureIntervalMs: story.intervalMs ?? 20,
      pages,
    });
    return [complete, age, reason.slice(0, 34)];
  }

  const OLD = "the final page was 1 s old when th";
  const SELF = "the application ended by itself, w";

  test.each<[string, Story, readonly [boolean, number, string]]>([
    [
      "a page of just before the port closed",
      {
        after: [
          [1000, 1],
          [1020, 2],
        ],
        closedMs: 1040,
      },
      [true, 0.02, ""],
    ],
    [
      "twice the usual gap",
      {
        after: [
          [1000, 1],
          [1400, 2],
          [1800, 3],
        ],
        closedMs: 2600,
      },
      [true, 0.8, ""],
    ],
    [
      "more than that",
      {
        after: [
          [1000, 1],
          [1400, 2],
          [1800, 3],
        ],
        closedMs: 2800,
      },
      [false, 1, OLD],
    ],
    [
      "one long gap, which makes no usual one",
      {
        after: [
          [1000, 1],
          [1600, 2],
          [1620, 3],
          [1640, 4],
        ],
        closedMs: 2640,
      },
      [false, 1, OLD],
    ],
    ["a single capture", { after: [[1000, 1]], closedMs: 1100 }, [true, 0.1, ""]],
    ["a single capture, long before", { after: [[1000, 1]], closedMs: 2000 }, [false, 1, OLD]],
    [
      "a long capture interval",
      { after: [[1000, 1]], closedMs: 1700, intervalMs: 400 },
      [true, 0.7, ""],
    ],
    [
      "a port that never closed",
      {
        after: [
          [7980, 1],
          [8000, 2],
        ],
      },
      [false, 1, OLD],
    ],
    ["a flush", { after: [[1000, 1]], flushedMs: 1000, closedMs: 4000 }, [true, 3, ""]],
    [
      "a flush after which it failed",
      { after: [[1000, 1]], flushedMs: 1000, failures: 1, closedMs: 2000 },
      [false, 1, OLD],
    ],
    [
      "an end by itself while it counted",
      {
        before: [
          [0, 1],
          [400, 2],
        ],
        closedMs: 800,
      },
      [false, 0.4, SELF],
    ],
    [
      "an end by itself while it stood still",
      {
        before: [
          [0, 2],
          [400, 2],
        ],
        closedMs: 800,
      },
      [true, 0.4, ""],
    ],
    [
      "an end by itself after one capture",
      { before: [[400, 2]], closedMs: 440 },
      [false, 0.04, SELF],
    ],
    [
      "an end by itself long after a flush, while it counted",
      {
        before: [
          [0, 1],
          [900, 2],
        ],
        flushedMs: 0,
        closedMs: 950,
      },
      [false, 0.05, SELF],
    ],
    [
      "an end by itself after a flush",
      {
        before: [
          [0, 1],
          [400, 2],
        ],
        flushedMs: 400,
        closedMs: 5000,
      },
      [true, 4.6, ""],
    ],
  ])("%s", (_name, story, expected) => {
    expect(tell(story)).toEqual([...expected]);
  });

  test("is that of the oldest format, and one that fails alone makes it incomplete", () => {
    const pages = new Pages("/metrics");
    const other = { path: "/metrics", headers: new Headers({ accept: "b" }) };
    for (const format of [FORMAT, other]) pages.want(formatKey(format), format);
    pages.begin();
    for (const atMs of [1000, 1020, 3000]) pages.capture(KEY, captured(1, atMs), 2);
    pages.capture(formatKey(other), captured(1, 1020), 2);
    pages.spoiled(formatKey(other));
    pages.refused(3020);
    const told = createReport({ ...ENDED, outcome: "delivered", firstSignMs: 1000, pages });
    expect([told.complete, told.final_page_age_seconds]).toEqual([false, 2]);
  });
});

describe("writeTerminationMessage()", () => {
  const many = Array.from({ length: 200 }, (_, i) => `10.0.0.${i} ${"Prometheus/3 ".repeat(3)}`);
  const told: Report = { ...report([], [], "deadline"), missed: many };

  test("writes JSON that Kubernetes keeps whole, however many were missed", () => {
    const dir = mkdtempSync(join(tmpdir(), "report-"));
    const path = join(dir, "termination-log");
    writeFileSync(path, "");
    writeTerminationMessage(path, told);
    const text = readFileSync(path, "utf8");
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(JSON.parse(text)).toMatchObject({ outcome: "deadline", complete: false });
    rmSync(dir, { recursive: true });
  });

  test("makes no file where there is none, and does not complain", () => {
    const path = join(tmpdir(), "no-such-directory-of-ours", "termination-log");
    expect(() => writeTerminationMessage(path, told)).not.toThrow();
  });
});
