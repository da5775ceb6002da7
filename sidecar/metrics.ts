/** The sidecar's own metrics, at /-/metrics and never mixed into the application's page. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Phase } from "./drain.ts";
import type { Scrapers } from "./scrapers.ts";

const PHASES: readonly Phase[] = ["running", "draining", "final"];

/** What the sidecar counts. */
export interface SidecarMetrics {
  /** Requests on a metrics path by `outcome`: proxied, replayed, timeout, unreachable, cut, broken. */
  readonly scrapes: Counter<"outcome">;
  readonly captures: Counter<"outcome">;
  readonly bytes: Counter;
  setPhase(phase: Phase): void;
}

/** Registers the sidecar's metrics. */
export function createMetrics(registry: Registry, scrapers: Scrapers): SidecarMetrics {
  const registers = [registry];
  const phaseGauge = new Gauge({
    name: "sidecar_phase",
    help: "1 for the phase of the pod's life that the sidecar is in, 0 for the others.",
    labelNames: ["phase"],
    registers,
  });
  new Gauge({
    name: "sidecar_scrapers",
    help: "Scrapers that are expected to come back.",
    registers,
    collect() {
      this.set(scrapers.active(performance.now()).length);
    },
  });
  const scrapes = new Counter({
    name: "sidecar_scrapes_total",
    help: "Requests for the application's page by outcome: proxied and replayed went out whole, cut ended early by the client, broken ended early by the application, timeout and unreachable had no answer.",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["proxied", "replayed", "timeout", "unreachable", "cut", "broken"]) {
    scrapes.inc({ outcome }, 0);
  }
  const captures = new Counter({
    name: "sidecar_captures_total",
    help: "Rounds of captures of the application's page while the pod is ending, by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["whole", "failed", "refused"]) captures.inc({ outcome }, 0);
  const bytes = new Counter({
    name: "sidecar_response_bytes_total",
    help: "Bytes of the application's page that were passed on, as encoded on the wire.",
    registers,
  });
  const setPhase = (phase: Phase) => {
    for (const one of PHASES) phaseGauge.set({ phase: one }, one === phase ? 1 : 0);
  };
  setPhase("running");
  return { scrapes, captures, bytes, setPhase };
}
