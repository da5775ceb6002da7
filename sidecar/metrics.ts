/** The sidecar's own metrics, at /-/metrics and never mixed into the application's page. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Phase } from "./drain.ts";
import type { Scrapers } from "./scrapers.ts";

const PHASES: readonly Phase[] = ["running", "draining", "final"];
const SCRAPES = ["proxied", "replayed", "timeout", "unreachable", "cut", "broken"] as const;
const CAPTURES = ["whole", "failed", "refused", "too_large"] as const;
const ERRORS = ["timeout", "refused", "unreachable", "broken", "loop"] as const;

/** Scrapers that get a series of their own; nobody has more, and invented ones must not fill a server. */
const MAX_SCRAPER_SERIES = 16;

/** What the sidecar counts. */
export interface SidecarMetrics {
  /** Requests on a metrics path. */
  readonly scrapes: Counter<"outcome">;
  readonly captures: Counter<"outcome">;
  /** Seconds from the start of one round of captures to the start of the next. */
  readonly captureGap: Histogram;
  readonly upstreamErrors: Counter<"reason">;
  readonly bytes: Counter;
  setPhase(phase: Phase): void;
}

/** Registers the sidecar's metrics. */
export function createMetrics(
  registry: Registry,
  scrapers: Scrapers,
  nowMs: () => number,
): SidecarMetrics {
  const registers = [registry];
  addScraperMetrics(registers, scrapers, nowMs);
  const phaseGauge = new Gauge({
    name: "sidecar_phase",
    help: "1 for the phase of the pod's life that the sidecar is in, 0 for the others.",
    labelNames: ["phase"],
    registers,
  });
  const setPhase = (phase: Phase) => {
    for (const one of PHASES) phaseGauge.set({ phase: one }, one === phase ? 1 : 0);
  };
  setPhase("running");
  return {
    scrapes: countBy(registers, ["outcome", SCRAPES], {
      name: "sidecar_scrapes_total",
      help: "Requests for the application's page by outcome: proxied and replayed went out whole, cut ended early by the client, broken ended early by the application, timeout and unreachable had no answer.",
    }),
    captures: countBy(registers, ["outcome", CAPTURES], {
      name: "sidecar_captures_total",
      help: "Rounds of captures of the application's page, by outcome.",
    }),
    captureGap: new Histogram({
      name: "sidecar_capture_gap_seconds",
      help: "Time in seconds from the start of one round of captures to the start of the next, while the pod is ending.",
      buckets: [0.01, 0.02, 0.025, 0.03, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    upstreamErrors: countBy(registers, ["reason", ERRORS], {
      name: "sidecar_upstream_errors_total",
      help: "Questions that the application did not answer whole, by reason.",
    }),
    bytes: new Counter({
      name: "sidecar_response_bytes_total",
      help: "Bytes of the application's page that were passed on, as encoded on the wire.",
      registers,
    }),
    setPhase,
  };
}

function addScraperMetrics(registers: Registry[], scrapers: Scrapers, nowMs: () => number): void {
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

/** A counter by one label, with every value there from the start, so that the first increase is seen. */
function countBy<L extends string>(
  registers: Registry[],
  [label, values]: readonly [label: L, values: readonly string[]],
  what: { readonly name: string; readonly help: string },
): Counter<L> {
  const counter = new Counter({ ...what, labelNames: [label], registers });
  for (const value of values) counter.inc({ [label]: value } as Record<L, string>, 0);
  return counter;
}
