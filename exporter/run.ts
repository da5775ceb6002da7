/** The exporter at work: a worker that collects while this replica should, and a listener that serves its pages. */
import { ConfigError, readConfig } from "../shared/config.ts";
import { formatAddress } from "../shared/http.ts";
import { aborted, type Life } from "../shared/lifecycle.ts";
import { print } from "../shared/print.ts";
import { createApp } from "./app.ts";
import { checkedText, checkedWebText } from "./check-config.ts";
import { type Collecting, createCollecting } from "./collecting.ts";
import { definition, type ExporterConfig } from "./config.ts";
import { createConfiguration } from "./configuration.ts";
import { startElection } from "./elect.ts";
import { createMetrics } from "./metrics.ts";
import { renderStandbyPage } from "./render.ts";
import { exporterLabels, initialSnapshot, isProxied, snapshotOf } from "./settings.ts";
import { createStage } from "./stage.ts";
import type { Started } from "./start.ts";
import { readTargets } from "./targets/read.ts";
import type { TargetSet } from "./targets/target.ts";
import { listenWeb } from "./web/listen.ts";
import { addWebMetrics } from "./web/metrics.ts";

/** For scrapes in flight at the end. */
const CLOSE_MS = 5000;

/** Runs until the program is to stop. Rejects with a `ConfigError` for what is wrong in the files it names. */
export async function runExporter(
  config: ExporterConfig,
  life: Life,
  started: Started,
): Promise<void> {
  const { log, build, stopping, teardown } = life;
  const { telemetryPath, maxAge: maxAgeMs, listenAddress: bind, webConfigFile } = config;
  const metrics = createMetrics(build, () => stage.collected);
  const { registry } = metrics;
  const env = started.env();
  const set = await readTargets(config, env);
  if (config.configCheck === "true") return printCheck(config, set);
  let { targets } = set;
  let { port } = bind;
  let collecting: Collecting | undefined;

  const exporter = () => exporterLabels(config, { version: build.version, port });
  const stage = createStage({
    elects: config.leaderElect === "true",
    initial: () => initialSnapshot({ targets, exporter: exporter() }, Date.now()),
    standby: snapshotOf(renderStandbyPage(), Date.now()),
    maxAgeMs,
    now: Date.now,
  });
  const configuration = createConfiguration({
    initial: set,
    read: () => readAgain(started),
    apply: (next) => {
      ({ targets } = next);
      stage.renew();
      collecting?.configure(targets);
    },
    registry,
    log,
    now: Date.now,
  });
  teardown.defer(() => configuration.close());

  const readiness = () => (stopping.aborted ? "stopping" : stage.readiness);
  const app = createApp({
    store: stage,
    readiness,
    metrics,
    telemetryPath,
    reload: () => configuration.reload("request"),
    live: () => ({
      version: build.version,
      revision: build.revision,
      telemetryPath,
      readiness: readiness(),
      nowMs: Date.now(),
      builtAtMs: stage.current.status.size > 0 ? stage.current.builtAtMs : undefined,
      role: stage.role,
      leader: stage.leader,
      configProblem: configuration.problem,
    }),
    log,
  });
  const listener = await listenWeb({
    flag: "--web.listen-address",
    bind,
    configFile: webConfigFile,
    fetch: (request) => app.fetch(request),
    log,
  });
  if (webConfigFile !== "") addWebMetrics(registry, listener.state, Date.now);
  configuration.attach(listener);
  teardown.defer(() => listener.close(CLOSE_MS));
  ({ port } = listener);
  stage.renew();
  const address = formatAddress({ ...bind, port });
  log.info("Listening", { listener: "web", scheme: listener.scheme, address, port });

  const collector = createCollecting({
    config,
    exporter: exporter(),
    proxied: isProxied(env),
    targets,
    onSnapshot: (snapshot) => {
      stage.show(snapshot);
      metrics.swapped();
    },
    onLoss: (why) => metrics.workerLost(why),
    log,
  });
  collecting = collector;
  teardown.defer(() => collector.stop());
  if (config.leaderElect === "false") collector.start();
  await startElection(config, {
    life,
    env,
    registry,
    onChange: async (state) => {
      stage.change(state);
      if (state.kind === "leading") collector.start(state.holds);
      // Waited for: the Lease is another's to take only when nothing is collected any more.
      else await collector.stop();
    },
  });
  await aborted(stopping);
}

/** A configuration that cannot be used has been told of before, as at any other start. */
async function printCheck(config: ExporterConfig, set: TargetSet): Promise<void> {
  const { configFile, webConfigFile } = config;
  const name = configFile === "" ? "CLOUD_ID, CLOUD_PASSWORD and CLOUD_ZONE" : configFile;
  await print(Bun.stdout, checkedText(name, set));
  if (webConfigFile === "") return;
  const { loadWeb } = await import("./web/load.ts");
  const web = await loadWeb(webConfigFile, "--web.config.file");
  if (web.kind === "unusable") throw new ConfigError(web.problems);
  await print(Bun.stdout, checkedWebText(webConfigFile, web));
}

/** The command line with what the variables, the files and the .env are now. */
async function readAgain(started: Started): Promise<TargetSet> {
  const env = started.env();
  const line = readConfig(definition, { ...started, env });
  if (line.kind !== "config") throw new RangeError("The command line was read before");
  return await readTargets(line.values, env);
}
