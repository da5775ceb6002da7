/** A pod's end -> what is said about it: in the log, to Kubernetes, to whoever collects it. */
import { existsSync, writeFileSync } from "node:fs";
import { compare } from "./comparison.ts";
import type { Outcome } from "./drain.ts";
import { formatKey, type Page, type Pages } from "./pages.ts";
import type { Scraper } from "./scrapers.ts";

/** How a pod's end went. */
export interface Report {
  readonly outcome: Outcome | "unknown";
  /**
   * Whether every active scraper has all that the application counted, save what it counted within the age
   * of the final page, which is then no more than two of the usual gaps between captures.
   */
  readonly complete: boolean;
  /** From the first sign of the end to the exit. */
  readonly waited_seconds: number;
  /** Why it is not complete; empty where it is. */
  readonly reason: string;
  /** How old the final page was when the application's port closed, or at the end where it did not; the oldest of several formats. */
  readonly final_page_age_seconds: number | null;
  readonly served: readonly string[];
  readonly missed: readonly string[];
  /** Series that moved from what each served scraper had before the end to what it has now, added up. */
  readonly moved_series: number;
  /** The families that moved most, with the increase of their counts. */
  readonly moved_families: readonly { readonly name: string; readonly increase: number }[];
  /** Captures that were left out because a page was larger than --max-capture-bytes. */
  readonly too_large: number;
  readonly event: "ended";
}

/** The first sign of an end, and that it came to nothing: the pod lives on. */
export interface Notice {
  readonly event: "begun" | "withdrawn";
}

export interface Ended {
  readonly outcome: Outcome | undefined;
  /** Milliseconds of the monotonic clock. */
  readonly firstSignMs: number;
  readonly endMs: number;
  readonly flushedMs: number | undefined;
  /** Pauses between captures while the pod ends, and in the background before that. */
  readonly captureIntervalMs: number;
  readonly backgroundIntervalMs: number;
  readonly tooLarge: number;
  /** Every scraper seen that was active. */
  readonly scrapers: readonly Scraper[];
  readonly isServed: (scraper: Scraper) => boolean;
  readonly pages: Pages;
  readonly metricsPaths: readonly string[];
}

/** What a scraper had that came only after the end had begun. */
const NO_PAGE: Page = { bytes: new Uint8Array(), headers: new Headers(), asOfMs: 0 };

const MAX_FAMILIES = 5;

/** Kubernetes keeps this much of a container's termination message. */
const MAX_MESSAGE_BYTES = 4096;

/** A report must not cost the time that the scrapers need. */
const POST_TIMEOUT_MS = 1000;

/** A gap that is nothing remarkable on a busy node, however short the others were. */
const ORDINARY_GAP_MS = 75;

/** Sums an ending up. */
export function createReport(ended: Ended): Report {
  const { outcome = "unknown", scrapers, isServed } = ended;
  const served = scrapers.filter(isServed);
  const missed = scrapers.filter((scraper) => !isServed(scraper));
  const finals = finalPages(ended);
  const reason = REASONS[outcome] || (finals.map(doubt).find((one) => one !== "") ?? "");
  const ages = finals.map(({ ageMs }) => ageMs);
  return {
    outcome,
    complete: reason === "",
    waited_seconds: seconds(ended.endMs - ended.firstSignMs),
    reason,
    final_page_age_seconds: ages.length === 0 ? null : seconds(Math.max(...ages)),
    served: names(served),
    missed: names(missed),
    ...movement(served, ended),
    too_large: ended.tooLarge,
    event: "ended",
  };
}

const REASONS: Readonly<Record<Outcome | "unknown", string>> = {
  delivered: "",
  unchanged: "",
  deadline: "the grace period was over before every scraper had the final page",
  never_scraped: "nobody scraped in time",
  scrapers_gone: "every scraper had stopped coming",
  nothing_captured: "the application was gone before its page could be captured",
  unknown: "the end was cut short",
};

/** What is known of the newest page in one format. */
interface Final {
  readonly ageMs: number;
  readonly usualGapMs: number;
  /** Asked for after the first sign of the end. */
  readonly isOfTheEnd: boolean;
  /** Brought by a flush or right after it, and the last answer that came. */
  readonly isFlushed: boolean;
  /** Nothing was counted from the page before it to this one. */
  readonly isStill: boolean;
}

function finalPages(ended: Ended): readonly Final[] {
  const { pages, endMs, firstSignMs, captureIntervalMs, backgroundIntervalMs, metricsPaths } =
    ended;
  const flushedMs = ended.flushedMs ?? Number.POSITIVE_INFINITY;
  return pages.wanted().flatMap((format) => {
    const key = formatKey(format);
    const recent = pages.recent(key);
    const [before, last] = [recent.at(-2), recent.at(-1)];
    if (last === undefined) return [];
    const isOfTheEnd = last.asOfMs >= firstSignMs;
    const gapsMs = pages.gapsMs(key, isOfTheEnd ? "ending" : "before");
    const intervalMs = isOfTheEnd ? captureIntervalMs : backgroundIntervalMs;
    // A capture and the pause after it, which is no longer.
    const captureMs = 2 * pages.quickestMs(key);
    const usualGapMs = Math.max(usual(gapsMs), captureMs, intervalMs, ORDINARY_GAP_MS);
    const sinceFlushMs = last.asOfMs - flushedMs;
    return {
      ageMs: Math.max(0, (pages.closedMs ?? endMs) - last.asOfMs),
      usualGapMs,
      isOfTheEnd,
      isFlushed: sinceFlushMs >= 0 && sinceFlushMs <= 2 * usualGapMs && pages.isLastWord(key),
      isStill:
        before !== undefined && compare(before, last, { recent, metricsPaths })?.counted === 0,
    };
  });
}

/** Why a page may lack more than its age explains; nothing where it does not. */
function doubt({ ageMs, usualGapMs, isOfTheEnd, isFlushed, isStill }: Final): string {
  if (isFlushed) return "";
  if (!isOfTheEnd && !isStill) {
    return "the application ended by itself, without a sign before and without /-/flush, and was counting";
  }
  if (ageMs <= 2 * usualGapMs) return "";
  const words = `the final page was ${seconds(ageMs)} s old when the application's port closed`;
  return `${words}, with usually ${seconds(usualGapMs)} s between captures`;
}

/** What nine of ten gaps are not longer than; of a few, the longest is never taken for usual. */
function usual(gapsMs: readonly number[]): number {
  if (gapsMs.length < 2) return 0;
  return gapsMs.toSorted((a, b) => a - b)[Math.floor(0.9 * (gapsMs.length - 1))] ?? 0;
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

function movement(served: readonly Scraper[], { pages, metricsPaths }: Ended) {
  const increases = new Map<string, number>();
  let series = 0;
  for (const { before, held } of served) {
    if (held === undefined) continue;
    // With an unchanged page there is nothing newer than what it had.
    const moved = compare(before?.page ?? NO_PAGE, held.page, {
      recent: pages.recent(held.format),
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
export function writeTerminationMessage(path: string, report: Report | Notice): void {
  try {
    if (existsSync(path)) writeFileSync(path, message(report));
  } catch {
    // A read-only file system, for one: the log line says the same.
  }
}

/** What is there if the end is cut short is what was written at its beginning. */
function message(report: Report | Notice): string {
  if ("outcome" in report) return `${fitting(report)}\n`;
  if (report.event === "withdrawn") return "";
  const { unknown: reason } = REASONS;
  return `${JSON.stringify({ ...report, outcome: "unknown", complete: false, reason })}\n`;
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
  report: Report | Notice,
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
