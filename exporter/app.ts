/** HTTP requests -> bytes that are already there: the page, the landing page, health, own metrics. */
import { Hono } from "hono";
import { addHealth, addMetrics, get, type Readiness } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import { landingPage } from "./landing.ts";
import type { ExporterMetrics } from "./metrics.ts";
import { PAGE_TYPE } from "./render.ts";
import type { SnapshotStore } from "./snapshot.ts";

export interface AppOptions {
  readonly store: SnapshotStore;
  readonly readiness: () => Readiness;
  readonly metrics: ExporterMetrics;
  /** Path of the page: `/metrics`. */
  readonly telemetryPath: string;
  readonly zone: string;
  readonly version: string;
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
  get(app, telemetryPath, (c) => {
    const { plain, gzip } = store.current;
    const compressed = acceptsGzip(c.req.header("accept-encoding"));
    const bytes = compressed ? gzip : plain;
    if (c.req.method === "GET") metrics.scraped(compressed ? "gzip" : "identity");
    return c.body(bytes, 200, {
      "content-type": PAGE_TYPE,
      // Named, because a HEAD would otherwise be answered with a length of 0.
      "content-length": String(bytes.byteLength),
      vary: "Accept-Encoding",
      ...(compressed ? { "content-encoding": "gzip" } : {}),
    });
  });
  get(app, "/", (c) => c.html(landingPage({ ...options, state: readiness() })));
  app.onError((error, c) => {
    log.error("A request failed", { path: c.req.path, error });
    return c.text("internal error\n", 500);
  });
  return app;
}

/** Whether an Accept-Encoding header names gzip with a weight other than 0 (RFC 9110, 12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  return (header ?? "").split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    return coding === "gzip" && (weight === undefined || Number(weight.slice(2)) > 0);
  });
}
