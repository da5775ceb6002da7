/** HTTP requests -> bytes that are already there: the page, the status page, health, own metrics. */
import { Hono } from "hono";
import { addHealth, addMetrics, get, type Readiness } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import { CONTENT_TYPES } from "./exposition.ts";
import type { ExporterMetrics } from "./metrics.ts";
import { chooseEncoding, chooseFormat } from "./negotiate.ts";
import { addReload, type ReloadResult } from "./reload.ts";
import type { SnapshotStore } from "./snapshot.ts";
import { type LiveFacts, statusPage } from "./status/page.ts";
import { CONTENT_SECURITY_POLICY } from "./status/style.ts";

export interface AppOptions {
  readonly store: SnapshotStore;
  readonly readiness: () => Readiness;
  readonly metrics: ExporterMetrics;
  /** Path of the page: `/metrics`. */
  readonly telemetryPath: string;
  /** What the status page says besides the collection. */
  readonly live: () => LiveFacts;
  /** Reads the configuration again. */
  readonly reload: () => Promise<ReloadResult>;
  readonly log: Logger;
}

/** Path of the main thread's own metrics. */
export const OWN_METRICS_PATH = "/-/metrics";

/** Builds the exporter's routes. */
export function createApp(options: AppOptions): Hono {
  const { store, readiness, metrics, telemetryPath, log } = options;
  const app = new Hono();
  addHealth(app, readiness);
  addMetrics(app, OWN_METRICS_PATH, metrics.registry);
  addReload(app, options.reload);
  get(app, telemetryPath, (c) => {
    const format = chooseFormat(c.req.header("accept"));
    const encoding = chooseEncoding(c.req.header("accept-encoding"));
    const { plain, gzip } = store.current.pages[format];
    const page = encoding === "gzip" ? gzip : plain;
    if (c.req.method === "GET") metrics.scraped(format, encoding);
    const headers = {
      "content-type": CONTENT_TYPES[format],
      // Named, because a HEAD would otherwise be answered with a length of 0.
      "content-length": String(page.size),
      vary: "Accept, Accept-Encoding",
      ...(encoding === "gzip" ? { "content-encoding": "gzip" } : {}),
    };
    return new Response(page, { headers });
  });
  get(app, "/", async (c) => {
    const { status } = store.current;
    const headers = {
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "cache-control": "no-store",
    };
    return c.html(statusPage(options.live(), await status.text()), 200, headers);
  });
  app.onError((error, c) => {
    log.error("A request failed", { path: c.req.path, error });
    return c.text("internal error\n", 500);
  });
  return app;
}
