/** The exporter: configuration -> a worker that collects, and a listener that serves what it sent last. */
import { formatAddress, listen, type Readiness } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { createApp } from "./app.ts";
import { definition, type ExporterConfig } from "./config.ts";
import { createMetrics } from "./metrics.ts";
import { collectorSettings, exporterLabels, initialSnapshot, isProxied } from "./settings.ts";
import { type SnapshotStore, snapshotReadiness } from "./snapshot.ts";
import type { LiveFacts } from "./status/page.ts";
import { superviseWorker } from "./supervisor.ts";
import type { Target } from "./targets/target.ts";

const CLOSE_MS = 5000;
const TEARDOWN_MS = 8000;
const LIMITS = { restartDelayMs: 5000, silenceMs: 30_000, pageGraceMs: 30_000 };

async function run(config: ExporterConfig, life: Life): Promise<void> {
  const { log, build, stopping, teardown } = life;
  const { zone, telemetryPath, maxAge: maxAgeMs, listenAddress: bind } = config;
  const { version } = build;
  const metrics = createMetrics(build);
  const { account, password, apiUrl, collectTimeout, collectConcurrency } = config;
  const targets: Target[] = [
    {
      account: undefined,
      zone,
      apiUrl,
      credentials: { account, password },
      dialect: "auto",
      include: [],
      exclude: [],
      timeoutMs: collectTimeout,
      concurrency: collectConcurrency,
      spacingMs: 0,
    },
  ];
  const asked = exporterLabels(config, { version, port: bind.port });
  const store: SnapshotStore = {
    current: initialSnapshot({ targets, exporter: asked }, Date.now()),
  };
  const readiness = (): Readiness =>
    stopping.aborted
      ? "stopping"
      : snapshotReadiness(store.current, { nowMs: Date.now(), maxAgeMs });

  const live = (): LiveFacts => ({
    version,
    revision: build.revision,
    telemetryPath,
    readiness: readiness(),
    nowMs: Date.now(),
    builtAtMs: store.current.status.size > 0 ? store.current.builtAtMs : undefined,
    role: "alone",
    leader: undefined,
    configProblem: undefined,
  });
  const app = createApp({ store, readiness, metrics, telemetryPath, live, log });
  const listener = listen({
    flag: "--web.listen-address",
    bind,
    fetch: (request) => app.fetch(request),
  });
  const { port } = listener;
  const exporter = exporterLabels(config, { version, port });
  const worker = superviseWorker({
    spawn: () => new Worker(new URL("./worker.ts", import.meta.url).href),
    start: {
      settings: collectorSettings(config, { targets, exporter, proxied: isProxied(process.env) }),
      log: { level: config.logLevel, format: config.logFormat },
      jitterMs: config.startJitter,
    },
    onSnapshot: (snapshot) => {
      store.current = snapshot;
      metrics.swapped(snapshot);
    },
    onLoss: (why) => metrics.workerLost(why),
    limits: LIMITS,
    log,
  });
  teardown.defer(() => worker.stop());
  teardown.defer(() => listener.close(CLOSE_MS));
  log.info("Listening", { listener: "web", address: formatAddress({ ...bind, port }), port });
  await aborted(stopping);
}

const program = {
  definition,
  life: { teardownMs: TEARDOWN_MS, secondSignal: "exit" },
} as const;

async function main(): Promise<never> {
  const host = { argv: process.argv.slice(2), env: process.env };
  process.exit(await runComponent(program, host, run));
}

void main();
