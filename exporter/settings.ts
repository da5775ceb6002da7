/** The configuration -> what the worker is told, and the page that is served before its first one. */
import type { ExporterConfig } from "./config.ts";
import { createCounters } from "./counters.ts";
import type { ExporterLabels } from "./facts.ts";
import { renderPage } from "./render.ts";
import { encodePage, type Snapshot } from "./snapshot.ts";
import type { WorkerStart } from "./worker.ts";
import { UNKNOWN_ZONE } from "./zone.ts";

/** Labels of `ktcloud_lb_exporter_info_info`, in the form the original gave them. */
export function exporterLabels(
  { collectInterval }: ExporterConfig,
  { version, port }: { readonly version: string; readonly port: number },
): ExporterLabels {
  return {
    version,
    port: String(port),
    scrape_interval: String(collectInterval / 1000),
    data_source: "KT Cloud OpenAPI",
    description: "Load balancers of a KT Cloud zone, each page one snapshot",
  };
}

/** The worker's first message. */
export function workerStart(
  config: ExporterConfig,
  exporter: ExporterLabels,
): Omit<WorkerStart, "memory"> {
  const { apiUrl, zone, account, password } = config;
  return {
    settings: {
      apiUrl,
      zone,
      account,
      password,
      intervalMs: config.collectInterval,
      timeoutMs: config.collectTimeout,
      concurrency: config.collectConcurrency,
      maxAgeMs: config.maxAge,
      exporter,
    },
    log: { level: config.logLevel, format: config.logFormat },
  };
}

/** A page that knows nothing yet: the zone is not up, and there is no count of load balancers. */
export async function initialSnapshot(
  { zone }: ExporterConfig,
  exporter: ExporterLabels,
): Promise<Snapshot> {
  const facts = { zone, state: UNKNOWN_ZONE, counters: createCounters(), exporter };
  const text = await renderPage({ ...facts, builtAtMs: Date.now() });
  return { ...encodePage(text), lastSuccessAtMs: undefined, problem: undefined };
}
