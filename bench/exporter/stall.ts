/** How long the exporter's main thread keeps others waiting while its worker builds one page after the other. */
import type { Started } from "../executables.ts";
import { mainThreadMs } from "../processes.ts";
import { percentile } from "../statistics.ts";
import { probe } from "./probe.ts";
import { fetchPage, PATH, pageOf, requestBytes, scrapeHeaders } from "./scrape.ts";
import { scrapeTimes } from "./throughput.ts";

/** One entry a round, in milliseconds. */
export interface Stalls {
  /** Small requests to a main thread whose worker is idle, and to one whose worker builds. */
  readonly idle: Waits;
  readonly building: Waits;
  /** The same with gzipped scrapes. */
  readonly idleScrapes: Waits;
  readonly buildingScrapes: Waits;
  /** Processor time of the main thread for one page, beyond what the small requests cost it. */
  readonly mainThreadMs: number[];
  /** Slowest scrape of the original while it collects and fills its gauges. */
  readonly originalScrapeMs: number[];
  /** Pages that were built while small requests came. */
  readonly pages: number[];
}

export interface Waits {
  readonly p50: number[];
  readonly p99: number[];
  readonly longest: number[];
}

/** Small: whatever it waits, it waits for the main thread. */
const SMALL = { request: requestBytes("/-/healthy"), everyMs: 2 };
const SCRAPE = { request: requestBytes(PATH, scrapeHeaders("gzip")), everyMs: 50 };
/** Each of what stands still in between: it would take part of the processors. */
const SETTLE_MS = 500;
/** After so many windows that say nothing something is wrong. */
const MOST_WINDOWS = 10;

export function createStalls(): Stalls {
  return {
    idle: noWaits(),
    building: noWaits(),
    idleScrapes: noWaits(),
    buildingScrapes: noWaits(),
    mainThreadMs: [],
    originalScrapeMs: [],
    pages: [],
  };
}

function noWaits(): Waits {
  return { p50: [], p99: [], longest: [] };
}

/** Small requests for some seconds. */
interface Window {
  readonly timesMs: readonly number[];
  /** Processor time of the main thread. */
  readonly mainMs: number;
  /** Pages that were built meanwhile. */
  readonly pages: number;
}

export interface Given {
  /** Both with the same fleet: one that builds no page now, and one that does nothing else. */
  readonly idle: Started;
  readonly building: Started;
  /** The original, collecting all the time. */
  readonly original: Started;
}

/** One round of everything. The two that collect are stopped but for their own part. */
export async function stallRound(
  { idle, building, original }: Given,
  seconds: number,
  stalls: Stalls,
): Promise<void> {
  const quiet = await measureIdle(idle, seconds);
  add(stalls.idle, quiet.timesMs);
  add(stalls.idleScrapes, await probe({ ...SCRAPE, port: idle.port, seconds }));
  await awake(building, async () => {
    const { timesMs, mainMs, pages } = await measureBuilding(building, seconds);
    add(stalls.building, timesMs);
    const requestsMs = (quiet.mainMs * timesMs.length) / quiet.timesMs.length;
    stalls.mainThreadMs.push((mainMs - requestsMs) / pages);
    stalls.pages.push(pages);
    add(stalls.buildingScrapes, await probe({ ...SCRAPE, port: building.port, seconds }));
  });
  await awake(original, async () => {
    stalls.originalScrapeMs.push(Math.max(...(await scrapeTimes(original.port, "gzip", seconds))));
  });
}

/** Lets a process run that otherwise stands still. */
export async function awake<T>({ child }: Started, act: () => Promise<T>): Promise<T> {
  child.kill("SIGCONT");
  await Bun.sleep(SETTLE_MS);
  try {
    return await act();
  } finally {
    child.kill("SIGSTOP");
  }
}

/** Small requests while no page is built: a window into which one fell is measured again. */
async function measureIdle(started: Started, seconds: number): Promise<Window> {
  for (let windows = 0; windows < MOST_WINDOWS; windows++) {
    const window = await measureSmall(started, seconds);
    if (window.pages === 0) return window;
  }
  throw new Error(`Each of ${MOST_WINDOWS} × ${seconds} s had a new page`);
}

/** Small requests, for as long again as it takes until a page has been built meanwhile. */
async function measureBuilding(started: Started, seconds: number): Promise<Window> {
  let [timesMs, mainMs]: [readonly number[], number] = [[], 0];
  for (let windows = 0; windows < MOST_WINDOWS; windows++) {
    const window = await measureSmall(started, seconds);
    timesMs = [...timesMs, ...window.timesMs];
    mainMs += window.mainMs;
    if (window.pages > 0) return { timesMs, mainMs, pages: window.pages };
  }
  throw new Error(`No new page in ${MOST_WINDOWS} × ${seconds} s`);
}

async function measureSmall({ pid, port }: Started, seconds: number): Promise<Window> {
  const updatesBefore = await updates(port);
  const msBefore = mainThreadMs(pid);
  const timesMs = await probe({ ...SMALL, port, seconds });
  const mainMs = mainThreadMs(pid) - msBefore;
  return { timesMs, mainMs, pages: (await updates(port)) - updatesBefore };
}

async function updates(port: number): Promise<number> {
  return pageOf(await fetchPage(port, "gzip")).updates;
}

function add({ p50, p99, longest }: Waits, timesMs: readonly number[]): void {
  p50.push(percentile(timesMs, 0.5));
  p99.push(percentile(timesMs, 0.99));
  longest.push(Math.max(...timesMs));
}
