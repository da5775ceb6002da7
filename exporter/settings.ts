/** The configuration -> what the worker is told, and the page that is served before its first one. */
import type { CollectorSettings } from "./collector.ts";
import type { ExporterConfig } from "./config.ts";
import { createCounters } from "./counters.ts";
import type { ExporterLabels } from "./facts.ts";
import { type PageTexts, renderPage } from "./render.ts";
import { encodeSmallPage, type Snapshot } from "./snapshot.ts";
import type { Target } from "./targets/target.ts";
import { UNKNOWN_ZONE } from "./zone.ts";

/** Labels of `ktcloud_lb_exporter_info_info`, in the form the original gave them. */
export function exporterLabels(
  { collectInterval }: Pick<ExporterConfig, "collectInterval">,
  { version, port }: { readonly version: string; readonly port: number },
): ExporterLabels {
  return {
    version,
    port: String(port),
    scrape_interval: String(collectInterval / 1000),
    data_source: "KT Cloud OpenAPI",
    description: "Load balancers of KT Cloud zones, each page one snapshot",
  };
}

/** What the worker collects, and how. `proxied`: whether the environment names a proxy. */
export function collectorSettings(
  config: ExporterConfig,
  about: {
    readonly targets: readonly Target[];
    readonly exporter: ExporterLabels;
    readonly proxied: boolean;
  },
): CollectorSettings {
  const { collectInterval: intervalMs, collectDeadline, maxAge, connectTimeout } = config;
  const { targets, exporter, proxied } = about;
  return {
    targets,
    exporter,
    proxied,
    intervalMs,
    deadlineMs: collectDeadline(intervalMs),
    maxAgeMs: maxAge,
    connectTimeoutMs: connectTimeout,
  };
}

/** The variables by which `fetch` is sent through a proxy. */
export function isProxied(env: Readonly<Record<string, string | undefined>>): boolean {
  return ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].some((name) =>
    Boolean(env[name] ?? env[name.toLowerCase()]),
  );
}

/** A page that knows nothing yet: the zones are not up, and there is no count of load balancers. */
export function initialSnapshot(
  { targets, exporter }: Pick<CollectorSettings, "targets" | "exporter">,
  nowMs: number,
): Snapshot {
  const zones = targets.map(({ account, zone }) => ({
    account,
    zone,
    state: UNKNOWN_ZONE,
    counters: createCounters(),
  }));
  const totals = { pages: 0, overruns: 0 };
  return snapshotOf(
    renderPage({ zones, totals, exporter, last: undefined, builtAtMs: nowMs }),
    nowMs,
  );
}

/** A snapshot of a page that tells of no collection. */
export function snapshotOf(texts: PageTexts, nowMs: number): Snapshot {
  return {
    pages: encodeSmallPage(texts),
    status: new Blob(),
    builtAtMs: nowMs,
    listed: false,
    problem: undefined,
  };
}
