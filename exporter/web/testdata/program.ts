/** A program for process.test.ts that serves a page as the exporter does, with a web configuration or without. */

import { aborted, type Life, runComponent } from "../../../shared/lifecycle.ts";
import { logFlags } from "../../../shared/log.ts";
import { createRegistry } from "../../../shared/metrics.ts";
import { webFlags } from "../flags.ts";
import { listenWeb } from "../listen.ts";
import { addWebMetrics } from "../metrics.ts";

interface Config {
  readonly webConfigFile: string;
}

async function run({ webConfigFile: configFile }: Config, life: Life): Promise<void> {
  const { log, build, stopping, teardown } = life;
  const registry = createRegistry("exporter", build);
  const listener = await listenWeb({
    flag: "--web.listen-address",
    bind: { host: "127.0.0.1", port: 0 },
    configFile,
    fetch: async () =>
      new Response(await registry.metrics(), { headers: { "Content-Type": registry.contentType } }),
    log,
  });
  if (configFile !== "") addWebMetrics(registry, listener.state, Date.now);
  const reload = () => void listener.reload();
  process.on("SIGHUP", reload);
  teardown.defer(() => {
    process.off("SIGHUP", reload);
  });
  teardown.defer(() => listener.close(1000));
  log.info("Listening", { listener: "web", scheme: listener.scheme, port: listener.port });
  await aborted(stopping);
}

const definition = {
  name: "program",
  prefix: "PROGRAM",
  about: "Serves.",
  flags: { ...webFlags, ...logFlags },
};
const program = { definition, life: { teardownMs: 2000, secondSignal: "exit" } } as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
