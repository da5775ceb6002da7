/** A configuration -> the parts of one sidecar, put together. */
import type { Logger } from "../shared/log.ts";
import type { Build } from "../shared/version.ts";
import type { AppOptions } from "./app.ts";
import { type Config, defaultPath, originalUrl, verifiesCertificate } from "./config.ts";
import { Capturer } from "./ending/capture.ts";
import { budgetMs, type DrainSettings, type Phase } from "./ending/drain.ts";
import { Ending } from "./ending/ending.ts";
import { Pages } from "./ending/pages.ts";
import { createReport, type Notice, postReport, writeTerminationMessage } from "./ending/report.ts";
import { Scrapers } from "./ending/scrapers.ts";
import { ReceiptWatch } from "./ending/watch.ts";
import { Tally } from "./tally.ts";
import { createUpstream } from "./upstream.ts";

export interface Surroundings {
  readonly log: Logger;
  readonly build: Build;
  /** The port that the listener has got. */
  readonly port: () => number;
  /** Ends the listener's connections that carry no request. */
  readonly closeIdle: () => void;
}

/** The parts that the routes need, and what `main` makes them do. */
export interface Sidecar {
  readonly appOptions: AppOptions;
  /** Starts what runs by the clock; gives what ends it. */
  startTimers(): () => void;
  /** The pod is ending: resolves when all is done and said. */
  end(): Promise<void>;
}

const nowMs = () => performance.now();

export function createSidecar(config: Config, around: Surroundings): Sidecar {
  const { log, build } = around;
  const { metricsPaths, maxCaptureBytes: maxPageBytes, upstreamTimeoutMs } = config;
  const id = crypto.randomUUID();
  const verify = verifiesCertificate(config);
  const upstream = createUpstream({ origin: originalUrl(config), verify, id });
  const scrapers = new Scrapers(config.expectedScrapers);
  const tally = new Tally();
  const pages = new Pages(defaultPath(config));
  const receipts: ReceiptWatch = new ReceiptWatch({
    ...around,
    nowMs,
    onReceived: (handed) => ending.received(handed),
  });
  const capturer: Capturer = new Capturer({
    upstream,
    pages,
    nowMs,
    timeoutMs: upstreamTimeoutMs,
    maxBytes: maxPageBytes,
    intervalMs: config.captureIntervalMs,
    userAgent: `prometheus-metrics-proxy/${build.version}`,
    onCapture: (capture) => ending.captured(capture),
  });
  const tell = createTeller(config);
  const ending: Ending = new Ending({
    scrapers,
    pages,
    capturer,
    receipts,
    metricsPaths,
    nowMs,
    settings: drainSettings(config),
    onPhase: (phase) => {
      log.info("Phase", { phase });
      tell(tally.phase, phase);
      tally.phase = phase;
    },
    onCapture: (capture) => {
      if (capture.outcome === "too_large" && tally.captures.too_large === 0) {
        const limit = { limit_bytes: maxPageBytes, flag: "--max-capture-bytes" };
        log.warn("The application's page is too large to be kept, so its end is lost", limit);
      }
      tally.captured(capture);
    },
  });
  const readiness = () => ending.phase === "running" || `${ending.phase}: the pod is ending`;
  const registry = once(async () => {
    const { createMetrics } = await import("./metrics.ts");
    return createMetrics({ build, tally, scrapers, nowMs });
  });
  const parts = { upstream, pages, scrapers, receipts, ending, tally };
  const limits = { id, upstreamTimeoutMs, maxPageBytes, graceMs: config.gracePeriodSeconds * 1000 };
  const { prestopToken } = config;
  const own = { metricsPaths, prestopToken, registry, log, readiness, nowMs };
  return {
    appOptions: { ...parts, ...limits, ...own },
    startTimers: () => startTimers(config, ending, tally),
    end: () => end(config, { ...parts, log }),
  };
}

function drainSettings(config: Config): DrainSettings {
  const graceMs = config.gracePeriodSeconds * 1000;
  return {
    graceMs,
    budgetMs: budgetMs(graceMs),
    refusalsUntilGone: 3,
    expectedScrapers: config.expectedScrapers,
    unscrapedUntilMs: nowMs() + config.unscrapedWaitSeconds * 1000,
  };
}

/** Tells of an end's beginning, so that one that is cut short is seen, and takes it back where the pod lives on. */
function createTeller({ reportUrl, terminationMessagePath }: Config) {
  const say = (notice: Notice) => {
    writeTerminationMessage(terminationMessagePath, notice);
    if (reportUrl !== "") void postReport(reportUrl, notice, fetch);
  };
  return (from: Phase, to: Phase) => {
    if (to === "draining" && from === "running") say({ event: "begun" });
    if (to === "running") say({ event: "withdrawn" });
  };
}

/** Makes something when it is first asked for, and gives the same ever after. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** How long after a scrape the collector is run, in milliseconds. */
const QUIET_MS = 2000;

/**
 * For an application that ends by itself its page has to be there already, as nobody says so before. And
 * garbage is collected once the scrapes have paused: on its own the collector waits for memory to run short, and
 * a sidecar is scraped too rarely for that.
 */
function startTimers({ backgroundCaptureSeconds }: Config, ending: Ending, tally: Tally) {
  let under = false;
  const capture = async () => {
    // One at a time, also where the application takes longer than the interval.
    if (under || ending.phase !== "running") return;
    under = true;
    await ending.captureOnce();
    under = false;
  };
  let seen = 0;
  let collected = 0;
  const collect = () => {
    const now = tally.scrapes.proxied + tally.scrapes.replayed;
    if (now === seen && now !== collected) {
      Bun.gc(true);
      collected = now;
    }
    seen = now;
  };
  const timers = [setInterval(collect, QUIET_MS)];
  if (backgroundCaptureSeconds > 0) {
    timers.push(setInterval(() => void capture(), backgroundCaptureSeconds * 1000));
  }
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

type Parts = Pick<AppOptions, "ending" | "pages" | "scrapers" | "tally" | "log">;

async function end(config: Config, { ending, pages, scrapers, tally, log }: Parts): Promise<void> {
  const { outcome, firstSignMs } = await ending.end();
  const endMs = nowMs();
  const report = createReport({
    outcome,
    endMs,
    firstSignMs: firstSignMs ?? endMs,
    flushedMs: ending.flushedMs,
    captureIntervalMs: config.captureIntervalMs,
    backgroundIntervalMs: config.backgroundCaptureSeconds * 1000,
    tooLarge: tally.captures.too_large,
    scrapers: scrapers.active(endMs),
    // Nobody has a final page where there is none, however new the last one is.
    isServed: (scraper) => outcome !== "nothing_captured" && ending.standing(scraper) !== "behind",
    pages,
    metricsPaths: config.metricsPaths,
  });
  log.info("Final scrape", { ...report });
  writeTerminationMessage(config.terminationMessagePath, report);
  if (config.reportUrl !== "") await postReport(config.reportUrl, report, fetch);
}
