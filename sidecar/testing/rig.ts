/** A sidecar in the test's own process: the real listener, proxy and session before a real application. */
import { createLogger } from "../../shared/log.ts";
import { createHandler } from "../app.ts";
import { Captures } from "../capture.ts";
import { type DrainSettings, type Phase } from "../drain.ts";
import { createMetrics } from "../metrics.ts";
import { Scrapers } from "../scrapers.ts";
import { serve } from "../server.ts";
import { Session } from "../session.ts";
import { type ScrapeOutcome, Tally } from "../tally.ts";
import { createUpstream } from "../upstream.ts";

/** What a scrape of Prometheus carries. */
export const PROMETHEUS = { "user-agent": "Prometheus/2.42.0", "accept-encoding": "gzip" };

export interface RigOptions {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly settings?: Partial<DrainSettings>;
  readonly prestopToken?: string;
}

/** Starts a sidecar before the application on that port of 127.0.0.1. */
export function startRig(port: number, options: RigOptions = {}) {
  const nowMs = () => performance.now();
  const upstreamTimeoutMs = options.timeoutMs ?? 2000;
  const maxPageBytes = options.maxBytes ?? 1 << 20;
  const via = "1.1 the-sidecar-under-test";
  const metricsPaths = ["/metrics", "/custom"];
  const upstream = createUpstream({ target: { hostname: "127.0.0.1", port, tls: undefined }, via });
  const scrapers = new Scrapers();
  const tally = new Tally();
  const build = { version: "1", revision: "r", bun: "b" };
  const registry = createMetrics({ build, tally, scrapers, nowMs });
  const defaultPath = "/metrics";
  const captures = new Captures({
    upstream,
    nowMs,
    timeoutMs: upstreamTimeoutMs,
    maxBytes: maxPageBytes,
    userAgent: "capture",
    defaultPath,
  });
  const phases: Phase[] = [];
  const session: Session = new Session({
    scrapers,
    captures,
    metricsPaths,
    nowMs,
    captureIntervalMs: 2,
    settings: {
      graceMs: 6000,
      budgetMs: 5000,
      refusalsUntilGone: 3,
      expectedScrapers: 0,
      unscrapedUntilMs: nowMs() + 60_000,
      ...options.settings,
    },
    onPhase: (phase) => {
      phases.push(phase);
      tally.phase = phase;
      if (phase === "draining") server.retire();
      if (phase === "running") server.resume();
    },
    onCapture: (outcome, startedMs) => tally.captured(outcome, startedMs),
  });
  const handler = createHandler({
    upstream,
    upstreamTimeoutMs,
    captures,
    scrapers,
    session,
    tally,
    via,
    maxPageBytes,
    nowMs,
    metricsPaths,
    registry: async () => registry,
    prestopToken: options.prestopToken ?? "",
    log: createLogger({ level: "error", format: "text" }),
    readiness: () => true,
  });
  const server = serve({
    flag: "--proxy-port",
    bind: { host: "127.0.0.1", port: 0 },
    handler,
    onGone: (connection) => scrapers.gone(connection),
    idleTimeoutSeconds: 60,
  });
  const outcome = (name: ScrapeOutcome) => tally.scrapes[name];
  const url = `http://127.0.0.1:${server.port}`;
  const close = () => server.close(0);
  return { url, port: server.port, scrapers, captures, session, phases, outcome, close };
}

/** A page as text, gzipped or not. */
export function textOf(page: { readonly bytes: Uint8Array } | undefined): string {
  return new TextDecoder().decode(page?.bytes);
}
