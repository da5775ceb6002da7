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
  swapped(): void;
  workerLost(why: "ended" | "hung"): void;
}

/** Builds the registry. `served` gives the page of the newest collection, where one is served. */
export function createMetrics(build: Build, served: () => Snapshot | undefined): ExporterMetrics {
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
  new Gauge({
    name: "exporter_snapshot_size_bytes",
    help: "Size of the page that is being served in bytes, by format and content encoding; absent on a standby.",
    labelNames: ["format", "encoding"],
    registers,
    collect() {
      this.reset();
      const pages = served()?.pages;
      for (const format of pages === undefined ? [] : FORMATS) {
        this.set({ format, encoding: "identity" }, pages?.[format].plain.size ?? 0);
        this.set({ format, encoding: "gzip" }, pages?.[format].gzip.size ?? 0);
      }
    },
  });
  new Gauge({
    name: "exporter_snapshot_timestamp_seconds",
    help: "When the page that is being served was built, since the Unix epoch in seconds; absent before the first collection and on a standby.",
    registers,
    collect() {
      const snapshot = served();
      if (snapshot === undefined) this.remove();
      else this.set(snapshot.builtAtMs / 1000);
    },
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
    swapped: () => swaps.inc(),
    workerLost: (reason) => losses.inc({ reason }),
  };
}
