/** The exporter: configuration -> a worker that collects, and a listener that serves what it sent last. */
import { formatAddress, listen, type Readiness } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { createApp } from "./app.ts";
import { definition, type ExporterConfig } from "./config.ts";
import { createMetrics } from "./metrics.ts";
import { exporterLabels, initialSnapshot, workerStart } from "./settings.ts";
import { type SnapshotStore, snapshotReadiness } from "./snapshot.ts";
import { superviseWorker } from "./supervisor.ts";

const CLOSE_MS = 5000;
const TEARDOWN_MS = 8000;
const RESTART_DELAY_MS = 5000;

async function run(config: ExporterConfig, life: Life): Promise<void> {
  const { log, build, stopping, teardown } = life;
  const { zone, telemetryPath, maxAge: maxAgeMs, listenAddress: bind } = config;
  const { version } = build;
  const metrics = createMetrics(build);
  const asked = exporterLabels(config, { version, port: bind.port });
  const store: SnapshotStore = { current: await initialSnapshot(config, asked) };
  const readiness = (): Readiness =>
    stopping.aborted
      ? "stopping"
      : snapshotReadiness(store.current, { nowMs: Date.now(), maxAgeMs });

  const app = createApp({ store, readiness, metrics, telemetryPath, zone, version, log });
  const listener = listen({
    flag: "--web.listen-address",
    bind,
    fetch: (request) => app.fetch(request),
  });
  const { port } = listener;
  const worker = superviseWorker({
    spawn: () => new Worker(new URL("./worker.ts", import.meta.url).href),
    start: workerStart(config, exporterLabels(config, { version, port })),
    onSnapshot: (snapshot) => {
      store.current = snapshot;
      metrics.swapped(snapshot);
    },
    onLoss: () => metrics.workerLost(),
    restartDelayMs: RESTART_DELAY_MS,
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
