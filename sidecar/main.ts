/** The sidecar: proxies scrapes, and at the pod's end keeps the last page until every scraper has it. */
import { formatAddress, listen } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { createRegistry } from "../shared/metrics.ts";
import { createApp } from "./app.ts";
import { Captures } from "./capture.ts";
import { type Config, definition, originalUrl } from "./config.ts";
import { budgetMs } from "./drain.ts";
import { createMetrics } from "./metrics.ts";
import { reportFields } from "./report.ts";
import { Scrapers } from "./scrapers.ts";
import { Session } from "./session.ts";
import { createUpstream } from "./upstream.ts";

/** Largest page that is kept at the pod's end: what the image's 128Mi limit leaves for four formats. */
const MAX_CAPTURE_BYTES = 16 * 1024 * 1024;

const nowMs = () => performance.now();

async function run(config: Config, life: Life): Promise<void> {
  const { log, build } = life;
  const registry = createRegistry("sidecar", build);
  const scrapers = new Scrapers();
  const metrics = createMetrics(registry, scrapers);
  const upstream = createUpstream(originalUrl(config), fetch);
  const captures = new Captures({
    upstream,
    timeoutMs: config.upstreamTimeoutMs,
    maxBytes: MAX_CAPTURE_BYTES,
    userAgent: `prometheus-metrics-proxy/${build.version}`,
    defaultPath: config.metricsPaths[0] ?? "/metrics",
    nowMs,
  });
  const session = new Session({
    scrapers,
    captures,
    settings: { budgetMs: budgetMs(config.gracePeriodSeconds), refusalsUntilGone: 3 },
    captureIntervalMs: config.captureIntervalMs,
    nowMs,
    onPhase: (phase) => {
      metrics.setPhase(phase);
      log.info("Phase", { phase });
    },
    onCapture: (outcome) => metrics.captures.inc({ outcome }),
  });
  const readiness = () => session.phase === "running" || `${session.phase}: the pod is ending`;
  const shared = { upstream, session, captures, registry, metrics, log, readiness, nowMs };
  const app = createApp({ ...config, ...shared });

  const bind = { host: config.host, port: config.proxyPort };
  const listener = listen({
    flag: "--proxy-port",
    bind,
    // A body may stall for as long as the application may take for its answer, and a little more.
    idleTimeoutSeconds: Math.min(255, Math.ceil(config.upstreamTimeoutMs / 1000) + 10),
    onError: (error) => log.error("A request failed", { error }),
    fetch: (request, server) =>
      app.fetch(request, { address: server.requestIP(request)?.address ?? "unknown" }),
  });
  life.teardown.defer(() => listener.close(500));
  const address = formatAddress({ ...bind, port: listener.port });
  log.info("Listening", {
    listener: "proxy",
    address,
    port: listener.port,
    original: originalUrl(config),
  });

  await aborted(life.stopping);
  const { outcome } = await session.end();
  const waitedMs = nowMs() - (session.signalledAtMs ?? nowMs());
  log.info(
    "Final scrape",
    reportFields({ outcome, waitedMs, scrapers: scrapers.all(), missed: session.missed() }),
  );
}

// A second SIGTERM changes nothing: the first one's work is what the pod is waiting for.
const program = { definition, life: { teardownMs: 900, secondSignal: "ignore" } } as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
