/** The sidecar: proxies scrapes, and at the pod's end keeps the last page until every scraper has it. */
import { formatAddress } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { createHandler } from "./app.ts";
import { Captures } from "./capture.ts";
import { type Config, defaultPath, definition, originalTarget, originalUrl } from "./config.ts";
import { budgetMs, type DrainSettings } from "./drain.ts";
import { createReport, postReport, writeTerminationMessage } from "./report.ts";
import { Scrapers } from "./scrapers.ts";
import { serve } from "./server.ts";
import { Session } from "./session.ts";
import { Tally } from "./tally.ts";
import { createUpstream } from "./upstream.ts";

const nowMs = () => performance.now();

async function run(config: Config, life: Life): Promise<void> {
  const { log, build } = life;
  const { metricsPaths, captureIntervalMs, upstreamTimeoutMs, maxCaptureBytes } = config;
  const scrapers = new Scrapers();
  const tally = new Tally();
  const registry = once(async () => {
    const { createMetrics } = await import("./metrics.ts");
    return createMetrics({ build, tally, scrapers, nowMs });
  });
  const via = `1.1 prometheus-metrics-proxy-${crypto.randomUUID()}`;
  const upstream = createUpstream({ target: originalTarget(config), via });
  const captures = new Captures({
    upstream,
    timeoutMs: upstreamTimeoutMs,
    maxBytes: maxCaptureBytes,
    userAgent: `prometheus-metrics-proxy/${build.version}`,
    defaultPath: defaultPath(config),
    nowMs,
  });
  const settings = drainSettings(config);
  const session: Session = new Session({
    scrapers,
    captures,
    settings,
    captureIntervalMs,
    metricsPaths,
    nowMs,
    onPhase: (phase) => {
      tally.phase = phase;
      log.info("Phase", { phase });
      // What a scraper had on an idle connection is certain only when that has ended properly.
      if (phase === "draining") server.retire();
      if (phase === "running") server.resume();
    },
    onCapture: (outcome, startedMs) => {
      if (outcome === "too_large" && tally.captures.too_large === 0) {
        const limit = { limit_bytes: maxCaptureBytes, flag: "--max-capture-bytes" };
        log.warn("The application's page is too large to be kept, so its end is lost", limit);
      }
      tally.captured(outcome, startedMs);
    },
  });
  const readiness = () => session.phase === "running" || `${session.phase}: the pod is ending`;
  const handler = createHandler({
    ...config,
    upstream,
    captures,
    scrapers,
    session,
    tally,
    registry,
    via,
    log,
    readiness,
    nowMs,
    maxPageBytes: maxCaptureBytes,
  });
  const bind = { host: config.host, port: config.proxyPort };
  const server = serve({
    flag: "--proxy-port",
    bind,
    handler,
    onGone: (connection) => scrapers.gone(connection),
    idleTimeoutSeconds: IDLE_TIMEOUT_SECONDS,
  });
  life.teardown.defer(() => server.close(CLOSE_MS));
  const address = formatAddress({ ...bind, port: server.port });
  const listening = { listener: "proxy", address, port: server.port };
  log.info("Listening", { ...listening, original: originalUrl(config) });
  captureInBackground(config, session, life);
  collectWhenQuiet(tally, life);

  await aborted(life.stopping);
  await end(session, { config, captures, scrapers, tally, life });
}

/** Longer than any scrape interval in use, so that Prometheus's connection lasts from scrape to scrape. */
const IDLE_TIMEOUT_SECONDS = 240;

/** For answers in flight when the end is over: none that somebody waits for. */
const CLOSE_MS = 200;

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

/** Makes something when it is first asked for, and gives the same ever after. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** For an application that ends by itself: nobody says so before, so its page has to be there already. */
function captureInBackground(
  { backgroundCaptureSeconds }: Config,
  session: Session,
  { teardown }: Life,
): void {
  if (backgroundCaptureSeconds === 0) return;
  let under = false;
  const capture = async () => {
    // One at a time, also where the application takes longer than the interval.
    if (under || session.phase !== "running") return;
    under = true;
    await session.capture();
    under = false;
  };
  const timer = setInterval(() => void capture(), backgroundCaptureSeconds * 1000);
  teardown.defer(() => clearInterval(timer));
}

/** How long after a scrape the collector is run, in milliseconds. */
const QUIET_MS = 2000;

/**
 * Collects garbage once the scrapes have paused. On its own the collector waits for memory to run short,
 * and a sidecar is scraped too rarely for that: what one burst left would be held for ever, in every pod.
 */
function collectWhenQuiet(tally: Tally, { teardown }: Life): void {
  let seen = 0;
  let collected = 0;
  const timer = setInterval(() => {
    const { proxied, replayed } = tally.scrapes;
    const now = proxied + replayed;
    if (now === seen && now !== collected) {
      Bun.gc(true);
      collected = now;
    }
    seen = now;
  }, QUIET_MS);
  teardown.defer(() => clearInterval(timer));
}

interface Parts {
  readonly config: Config;
  readonly captures: Captures;
  readonly scrapers: Scrapers;
  readonly tally: Tally;
  readonly life: Life;
}

async function end(session: Session, parts: Parts): Promise<void> {
  const { config, captures, scrapers, tally, life } = parts;
  const { outcome, firstSignMs } = await session.end();
  const endMs = nowMs();
  const report = createReport({
    outcome,
    waitedMs: endMs - (firstSignMs ?? endMs),
    tooLarge: tally.captures.too_large,
    scrapers: scrapers.active(endMs),
    // Nobody has a final page where there is none, however new the last one is.
    isServed: (scraper) => outcome !== "nothing_captured" && session.standing(scraper) !== "behind",
    captures,
    metricsPaths: config.metricsPaths,
  });
  life.log.info("Final scrape", { ...report });
  writeTerminationMessage(config.terminationMessagePath, report);
  if (config.reportUrl !== "") await postReport(config.reportUrl, report, fetch);
}

// A second SIGTERM changes nothing: the first one's work is what the pod is waiting for.
const program = { definition, life: { teardownMs: 500, secondSignal: "ignore" } } as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
