/** The sidecar: proxies scrapes, and at the pod's end keeps the last page until every scraper has it. */
import { formatAddress, listen } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { createApp } from "./app.ts";
import { type Config, definition, originalUrl } from "./config.ts";
import { createSidecar } from "./sidecar.ts";

/** Longer than any scrape interval in use, so that Prometheus's connection lasts from scrape to scrape. */
const IDLE_TIMEOUT_SECONDS = 240;

/** For answers in flight when the end is over: none that somebody waits for. */
const CLOSE_MS = 200;

async function run(config: Config, life: Life): Promise<void> {
  const { log, build, stopping, teardown } = life;
  const port = () => server.port;
  const closeIdle = () => server.closeIdle();
  const sidecar = createSidecar(config, { log, build, port, closeIdle });
  const app = createApp(sidecar.appOptions);
  const bind = { host: config.host, port: config.proxyPort };
  const server = listen({
    flag: "--proxy-port",
    bind,
    fetch: (request, listener) => app.fetch(request, listener),
    idleTimeoutSeconds: IDLE_TIMEOUT_SECONDS,
  });
  teardown.defer(() => server.close(CLOSE_MS));
  const address = formatAddress({ ...bind, port: server.port });
  const listening = { listener: "proxy", address, port: server.port };
  log.info("Listening", { ...listening, original: originalUrl(config) });
  teardown.defer(sidecar.startTimers());
  await aborted(stopping);
  await sidecar.end();
}

// A second SIGTERM changes nothing: the first one's work is what the pod is waiting for.
const program = { definition, life: { teardownMs: 500, secondSignal: "ignore" } } as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
