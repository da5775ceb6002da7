/** The end of a session -> what is said about it: in the log, to Kubernetes, to whoever collects it. */
import { existsSync, writeFileSync } from "node:fs";
import type { Captures, Page } from "./capture.ts";
import { compare } from "./comparison.ts";
import type { Outcome } from "./drain.ts";
import type { Scraper } from "./scrapers.ts";

/** How a pod's end went. */
export interface Report {
  readonly outcome: Outcome | "unknown";
  /** Whether every active scraper has what the application is known to have counted. */
  readonly complete: boolean;
  /** From the first sign of the end to the exit. */
  readonly waited_seconds: number;
  readonly served: readonly string[];
  readonly missed: readonly string[];
  /** Series that moved from what each served scraper had before the end to what it has now, added up. */
  readonly moved_series: number;
  /** The families that moved most, with the increase of their counts. */
  readonly moved_families: readonly { readonly name: string; readonly increase: number }[];
  /** Rounds of captures that were left out because a page was larger than --max-capture-bytes. */
  readonly too_large: number;
}

export interface Ending {
  readonly outcome: Outcome | undefined;
  readonly waitedMs: number;
  readonly tooLarge: number;
  /** Every scraper seen that was active. */
  readonly scrapers: readonly Scraper[];
  readonly isServed: (scraper: Scraper) => boolean;
  readonly captures: Captures;
  readonly metricsPaths: readonly string[];
}

/** What a scraper had that came only after the end had begun. */
const NO_PAGE: Page = { bytes: new Uint8Array(), headers: "", asOfMs: 0 };

const MAX_FAMILIES = 5;

/** Kubernetes keeps this much of a container's termination message. */
const MAX_MESSAGE_BYTES = 4096;

/** A report must not cost the time that the scrapers need. */
const POST_TIMEOUT_MS = 1000;

/** Sums an ending up. */
export function createReport(ending: Ending): Report {
  const { outcome, scrapers, isServed } = ending;
  const served = scrapers.filter(isServed);
  const missed = scrapers.filter((scraper) => !isServed(scraper));
  return {
    outcome: outcome ?? "unknown",
    complete: outcome === "delivered" || outcome === "unchanged",
    waited_seconds: Math.round(ending.waitedMs) / 1000,
    served: names(served),
    missed: names(missed),
    ...movement(served, ending),
    too_large: ending.tooLarge,
  };
}

function movement(served: readonly Scraper[], { captures, metricsPaths }: Ending) {
  const increases = new Map<string, number>();
  let series = 0;
  for (const { before, held } of served) {
    if (held === undefined) continue;
    // With an unchanged page there is nothing newer than what it had.
    const moved = compare(before?.page ?? NO_PAGE, held.page, {
      recent: captures.recent(held.format),
      metricsPaths,
    });
    series += moved?.series ?? 0;
    for (const [name, increase] of moved?.increases ?? []) {
      increases.set(name, Math.max(increases.get(name) ?? 0, increase));
    }
  }
  const families = [...increases]
    .filter(([, increase]) => increase > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_FAMILIES)
    .map(([name, increase]) => ({ name, increase }));
  return { moved_series: series, moved_families: families };
}

function names(scrapers: readonly Scraper[]): readonly string[] {
  return scrapers.map(({ id }) => id).sort();
}

/**
 * Leaves the report where the kubelet looks for it. The kubelet makes the file beforehand; on a laptop
 * there is none, none is made, and nobody complains.
 */
export function writeTerminationMessage(path: string, report: Report): void {
  try {
    if (existsSync(path)) writeFileSync(path, `${fitting(report)}\n`);
  } catch {
    // A read-only file system, for one: the log line says the same.
  }
}

/** The names of scrapers and families are what can grow: long lists are cut until it fits. */
function fitting(report: Report): string {
  for (const most of [Number.POSITIVE_INFINITY, 8, 2, 0]) {
    const { served, missed } = report;
    const text = JSON.stringify({
      ...report,
      served: served.slice(0, most),
      missed: missed.slice(0, most),
    });
    if (Buffer.byteLength(text) < MAX_MESSAGE_BYTES) return text;
  }
  return JSON.stringify({ outcome: report.outcome, complete: report.complete });
}

/** Sends the report once, best effort, within a second. */
export async function postReport(
  url: string,
  report: Report,
  fetch: (url: string, init: RequestInit) => Promise<unknown>,
): Promise<void> {
  try {
    await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(report),
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    });
  } catch {
    // Nobody is there to be told: the log line and the termination message say the same.
  }
}
