/** A sidecar in the test's own process: the real listener, proxy and ending before a real application. */
import { readConfig } from "../../shared/config.ts";
import { listen } from "../../shared/http.ts";
import { createLogger } from "../../shared/log.ts";
import { createApp } from "../app.ts";
import { definition } from "../config.ts";
import { createSidecar } from "../sidecar.ts";
import type { ScrapeOutcome } from "../tally.ts";

/** What a scrape of Prometheus carries. */
export const PROMETHEUS = { "user-agent": "Prometheus/2.42.0", "accept-encoding": "gzip" };

/** Starts a sidecar before the application on that port of 127.0.0.1; `flags` as on the command line. */
export function startRig(port: number, ...flags: readonly string[]) {
  const argv = [
    `--original-port=${port}`,
    "--metrics-path=/metrics,/custom",
    "--capture-interval=2ms",
    "--termination-grace-period-seconds=6",
    ...flags,
  ];
  const line = readConfig(definition, { argv, env: {}, readFile: () => "" });
  if (line.kind !== "config") throw new Error("No configuration");
  const log = createLogger({ level: "error", format: "text" });
  const build = { version: "1", revision: "r", bun: "b" };
  const sidecar = createSidecar(line.values, {
    log,
    build,
    port: () => server.port,
    closeIdle: () => server.closeIdle(),
  });
  const app = createApp(sidecar.appOptions);
  const server = listen({
    flag: "--proxy-port",
    bind: { host: "127.0.0.1", port: 0 },
    fetch: (request, listener) => app.fetch(request, listener),
  });
  const { tally, scrapers, pages, ending } = sidecar.appOptions;
  const outcome = (name: ScrapeOutcome) => tally.scrapes[name];
  const url = `http://127.0.0.1:${server.port}`;
  const close = () => server.close(0);
  return { url, port: server.port, app, scrapers, pages, ending, tally, outcome, close };
}

/** A page as text, gzipped or not. */
export function textOf(page: { readonly bytes: Uint8Array } | undefined): string {
  return new TextDecoder().decode(page?.bytes);
}
