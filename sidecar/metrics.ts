/**
 * The sidecar's own metrics, at /-/metrics and never mixed into the application's page. Imported when
 * they are first asked for: the library takes memory that few pods ever need.
 */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { createRegistry } from "../shared/metrics.ts";
import type { Build } from "../shared/version.ts";
import type { Scrapers } from "./ending/scrapers.ts";
import type { Tally } from "./tally.ts";

/** Scrapers that get a series of their own; nobody has more, and invented ones must not fill a server. */
const MAX_SCRAPER_SERIES = 16;

const PHASES = ["running", "draining", "final"] as const;

export interface MetricsOptions {
  readonly build: Build;
  readonly tally: Tally;
  readonly scrapers: Scrapers;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** A registry that shows what was counted at the time it is asked. */
export function createMetrics(options: MetricsOptions): Registry {
  const registry = createRegistry("sidecar", options.build);
  addCounters([registry], options.tally);
  addGauges([registry], options);
  addGaps([registry], options.tally);
  return registry;
}

function addCounters(registers: Registry[], tally: Tally): void {
  countBy(registers, ["outcome", tally.scrapes], {
    name: "sidecar_scrapes_total",
    help: "Requests for the application's page by outcome: proxied and replayed went out whole, cut ended early by the client, broken ended early by the application, timeout and unreachable had no answer.",
  });
  countBy(registers, ["outcome", tally.captures], {
    name: "sidecar_captures_total",
    help: "Captures of the application's page, by outcome; a flush counts as one.",
  });
  countBy(registers, ["reason", tally.faults], {
    name: "sidecar_upstream_errors_total",
    help: "Questions that the application did not answer whole, by reason.",
  });
  new Counter({
    name: "sidecar_response_bytes_total",
    help: "Bytes of the application's page that were passed on, as encoded on the wire.",
    registers,
    collect() {
      this.reset();
      this.inc(tally.bytes);
    },
  });
}

/** A counter by one label, with every value there from the start, so that the first increase is seen. */
function countBy(
  registers: Registry[],
  [label, counts]: readonly [label: string, counts: Readonly<Record<string, number>>],
  what: { readonly name: string; readonly help: string },
): void {
  new Counter({
    ...what,
    labelNames: [label],
    registers,
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(counts)) {
        this.inc({ [label]: value }, count);
      }
    },
  });
}

function addGauges(registers: Registry[], { tally, scrapers, nowMs }: MetricsOptions): void {
  new Gauge({
    name: "sidecar_phase",
    help: "1 for the phase of the pod's life that the sidecar is in, 0 for the others.",
    labelNames: ["phase"],
    registers,
    collect() {
      for (const phase of PHASES) this.set({ phase }, phase === tally.phase ? 1 : 0);
    },
  });
  new Gauge({
    name: "sidecar_scrapers",
    help: "Scrapers that are expected to come back.",
    registers,
    collect() {
      this.set(scrapers.active(nowMs()).length);
    },
  });
  new Gauge({
    name: "sidecar_scraper_idle_seconds",
    help: "Seconds since the last whole scrape, by scraper: address and User-Agent.",
    labelNames: ["scraper"],
    registers,
    collect() {
      this.reset();
      for (const { id, lastMs } of scrapers.all().slice(0, MAX_SCRAPER_SERIES)) {
        this.set({ scraper: id }, Math.max(0, nowMs() - lastMs) / 1000);
      }
    },
  });
}

function addGaps(registers: Registry[], tally: Tally): void {
  new Histogram({
    name: "sidecar_capture_gap_seconds",
    help: "Time in seconds between the moments at which two whole captures of one format were asked for, while the pod is ending.",
    buckets: [0.01, 0.02, 0.025, 0.03, 0.05, 0.1, 0.25, 1, 5],
    registers,
    collect() {
      this.reset();
      for (const seconds of tally.gaps) this.observe(seconds);
    },
  });
}
