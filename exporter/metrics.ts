/** The main thread's own live metrics, at `/-/metrics`: what it serves and how its worker fares. */
import { Counter, Gauge, type Registry } from "prom-client";
import { createRegistry } from "../shared/metrics.ts";
import type { Build } from "../shared/version.ts";
import type { Snapshot } from "./snapshot.ts";

/** How a page was sent. */
export type Encoding = "identity" | "gzip";

/** The registry, and what the main thread tells it. */
export interface ExporterMetrics {
  readonly registry: Registry;
  scraped(encoding: Encoding): void;
  swapped(snapshot: Snapshot): void;
  workerLost(): void;
}

/** Builds the registry. */
export function createMetrics(build: Build): ExporterMetrics {
  const registry = createRegistry("exporter", build);
  const registers = [registry];
  const scrapes = new Counter({
    name: "exporter_scrapes_total",
    help: "Pages served, by content encoding.",
    labelNames: ["encoding"],
    registers,
  });
  const swaps = new Counter({
    name: "exporter_snapshot_swaps_total",
    help: "Pages taken over from the worker.",
    registers,
  });
  const size = new Gauge({
    name: "exporter_snapshot_size_bytes",
    help: "Size of the page that is being served in bytes, by content encoding.",
    labelNames: ["encoding"],
    registers,
  });
  const losses = new Counter({
    name: "exporter_worker_restarts_total",
    help: "Workers that ended without being asked to and were replaced.",
    registers,
  });
  for (const encoding of ["identity", "gzip"]) scrapes.inc({ encoding }, 0);
  return {
    registry,
    scraped: (encoding) => scrapes.inc({ encoding }),
    swapped: ({ plain, gzip }) => {
      swaps.inc();
      size.set({ encoding: "identity" }, plain.byteLength);
      size.set({ encoding: "gzip" }, gzip.byteLength);
    },
    workerLost: () => losses.inc(),
  };
}
