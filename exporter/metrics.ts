/** The main thread's own live metrics, at `/-/metrics`: what it serves and how its worker fares. */
import { Counter, Gauge, type Registry } from "prom-client";
import { createRegistry } from "../shared/metrics.ts";
import type { Build } from "../shared/version.ts";
import { FORMATS, type Format } from "./exposition.ts";
import type { Encoding } from "./negotiate.ts";
import type { Snapshot } from "./snapshot.ts";

/** The registry, and what the main thread tells it. */
export interface ExporterMetrics {
  readonly registry: Registry;
  scraped(format: Format, encoding: Encoding): void;
  swapped(snapshot: Snapshot): void;
  workerLost(why: "ended" | "hung"): void;
}

/** Builds the registry. */
export function createMetrics(build: Build): ExporterMetrics {
  const registry = createRegistry("exporter", build);
  const registers = [registry];
  const scrapes = new Counter({
    name: "exporter_scrapes_total",
    help: "Pages served, by format and content encoding.",
    labelNames: ["format", "encoding"],
    registers,
  });
  const swaps = new Counter({
    name: "exporter_snapshot_swaps_total",
    help: "Pages taken over from the worker.",
    registers,
  });
  const size = new Gauge({
    name: "exporter_snapshot_size_bytes",
    help: "Size of the page that is being served in bytes, by format and content encoding.",
    labelNames: ["format", "encoding"],
    registers,
  });
  const built = new Gauge({
    name: "exporter_snapshot_timestamp_seconds",
    help: "When the page that is being served was built, since the Unix epoch in seconds.",
    registers,
  });
  const losses = new Counter({
    name: "exporter_worker_restarts_total",
    help: "Workers that ended without being asked to, or hung, and were replaced.",
    labelNames: ["reason"],
    registers,
  });
  for (const format of FORMATS) {
    for (const encoding of ["identity", "gzip"]) scrapes.inc({ format, encoding }, 0);
  }
  for (const reason of ["ended", "hung"]) losses.inc({ reason }, 0);
  return {
    registry,
    scraped: (format, encoding) => scrapes.inc({ format, encoding }),
    swapped: ({ pages, builtAtMs }) => {
      swaps.inc();
      built.set(builtAtMs / 1000);
      for (const format of FORMATS) {
        size.set({ format, encoding: "identity" }, pages[format].plain.size);
        size.set({ format, encoding: "gzip" }, pages[format].gzip.size);
      }
    },
    workerLost: (reason) => losses.inc({ reason }),
  };
}
