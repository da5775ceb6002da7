/** Reloads -> the metrics that tell whether the configuration in force is the one in the files. */
import { Counter, Gauge, type Registry } from "prom-client";

/** What a reloader tells. Times are in milliseconds since the epoch. */
export interface ReloadMetrics {
  /** With a configuration in force. */
  started(atMs: number): void;
  succeeded(changed: boolean, atMs: number): void;
  failed(): void;
}

/** Adds the metrics to a registry. The timestamp is absent before the first success. */
export function createReloadMetrics(registry: Registry): ReloadMetrics {
  const registers = [registry];
  const reloads = new Counter({
    name: "exporter_config_reloads_total",
    help: "Times that the configuration was read again: changed, unchanged, or failed and then not in force.",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["changed", "unchanged", "failed"]) reloads.inc({ outcome }, 0);
  const successful = new Gauge({
    name: "exporter_config_last_reload_successful",
    help: "1 if the last attempt to read the configuration succeeded, else 0: an older one is in force then.",
    registers,
  });
  let succeededAtMs: number | undefined;
  new Gauge({
    name: "exporter_config_last_reload_success_timestamp_seconds",
    help: "When the configuration in force was last read since the Unix epoch in seconds.",
    registers,
    collect() {
      if (succeededAtMs === undefined) this.remove();
      else this.set(succeededAtMs / 1000);
    },
  });
  const succeed = (atMs: number) => {
    successful.set(1);
    succeededAtMs = atMs;
  };
  return {
    started: succeed,
    succeeded: (changed, atMs) => {
      reloads.inc({ outcome: changed ? "changed" : "unchanged" });
      succeed(atMs);
    },
    failed: () => {
      reloads.inc({ outcome: "failed" });
      successful.set(0);
    },
  };
}
