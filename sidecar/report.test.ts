import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Captures, Page } from "./capture.ts";
import { createReport, type Ending, type Report, writeTerminationMessage } from "./report.ts";
import type { Scraper } from "./scrapers.ts";

const page = (text: string, asOfMs: number): Page => ({
  bytes: new TextEncoder().encode(text),
  headers: "Content-Type: text/plain; version=0.0.4\r\n",
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

function report(
  scrapers: readonly Scraper[],
  served: readonly string[],
  outcome: Ending["outcome"],
) {
  return createReport({
    outcome,
    waitedMs: 1234.4,
    tooLarge: 0,
    scrapers,
    isServed: ({ id }) => served.includes(id),
    captures: { recent: () => [] } as unknown as Captures,
    metricsPaths: ["/metrics"],
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
      served: ["x"],
      missed: ["y"],
      moved_series: 2,
      moved_families: [
        { name: "a_total", increase: 10 },
        { name: "b_total", increase: 2 },
      ],
      too_large: 0,
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
