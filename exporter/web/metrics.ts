/** How the web configuration fares -> metrics, which are there only where a configuration is. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { WebState } from "./listen.ts";

/** Registers them; `state` is asked at each scrape. */
export function addWebMetrics(
  registry: Registry,
  state: () => WebState,
  nowMs: () => number,
): void {
  const registers = [registry];
  new Gauge({
    name: "exporter_web_config_last_reload_successful",
    help: "Whether the newest web configuration could be used: 1, or 0 while the last good one is in force.",
    registers,
    collect() {
      this.set(state().problems.length === 0 ? 1 : 0);
    },
  });
  new Gauge({
    name: "exporter_web_config_last_reload_success_timestamp_seconds",
    help: "When the web configuration in force was taken over, in seconds since the Unix epoch.",
    registers,
    collect() {
      this.set(state().lastSuccessMs / 1000);
    },
  });
  if (state().certificateNotAfter !== undefined) {
    new Gauge({
      name: "exporter_web_certificate_expiry_seconds",
      help: "Time until the served certificate ends in seconds; negative once it has.",
      registers,
      collect() {
        const notAfter = state().certificateNotAfter;
        if (notAfter !== undefined) this.set(Math.round((notAfter.getTime() - nowMs()) / 1000));
      },
    });
  }
  new Counter({
    name: "exporter_web_refused_requests_total",
    help: "Requests that were refused before they reached a page, by reason.",
    labelNames: ["reason"],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(state().refused)) this.inc({ reason }, count);
    },
  });
}
