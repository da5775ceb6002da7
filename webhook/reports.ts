/** The sidecars' reports -> counters, so that what was saved can be seen when the pods are gone. */
import type { Context, Hono } from "hono";
import { Counter, Histogram, type Registry } from "prom-client";
import { z } from "zod";
import { methodNotAllowed } from "../shared/http.ts";
import { describeIssue } from "./wording.ts";

/** How a pod's end can go, as the sidecar says it. */
export const OUTCOMES = [
  "delivered",
  "unchanged",
  "deadline",
  "never_scraped",
  "scrapers_gone",
  "nothing_captured",
  "unknown",
] as const;

/** Longest wait that is believed: the sidecar takes no longer grace period. */
const MAX_WAIT_SECONDS = 86_400;

/** Most series that one report adds: far above any page, and one liar cannot spoil the sum for ever. */
const MAX_SERIES = 10_000_000;

/** Anybody in the cluster can send one, so nothing of it is kept but these: no name, no text. */
const reportSchema = z.object({
  outcome: z.enum(OUTCOMES),
  complete: z.boolean(),
  waited_seconds: z.number().min(0).max(MAX_WAIT_SECONDS),
  moved_series: z.int().min(0).max(MAX_SERIES).optional(),
  missed: z.array(z.unknown()).max(1000).optional(),
});

export type SidecarReport = z.infer<typeof reportSchema>;

/** Counts one report, or one that could not be read. */
export interface ReportMetrics {
  accepted(report: SidecarReport): void;
  rejected(): void;
}

/** Adds the metrics of final scrapes to a registry. All series are there from the start, at zero. */
export function createReportMetrics(registry: Registry): ReportMetrics {
  const registers = [registry];
  const scrapes = new Counter({
    name: "webhook_final_scrapes_total",
    help: "Pods' ends that sidecars have reported, by outcome; complete means that no scraper was missed.",
    labelNames: ["outcome", "complete"],
    registers,
  });
  const waited = new Histogram({
    name: "webhook_final_scrape_wait_seconds",
    help: "Time that sidecars stayed from the first sign of a pod's end until they left, in seconds, by outcome.",
    labelNames: ["outcome"],
    buckets: [0.1, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300],
    registers,
  });
  const moved = new Counter({
    name: "webhook_final_scrape_moved_series_total",
    help: "Series that final scrapes brought forward over what scrapers had before: they would have been lost.",
    registers,
  });
  const missed = new Counter({
    name: "webhook_final_scrape_missed_scrapers_total",
    help: "Active scrapers that did not get a pod's final page.",
    registers,
  });
  const rejected = new Counter({
    name: "webhook_final_scrape_reports_rejected_total",
    help: "Reports to /report that could not be read.",
    registers,
  });
  for (const outcome of OUTCOMES) {
    const complete = outcome === "delivered" || outcome === "unchanged";
    scrapes.inc({ outcome, complete: String(complete) }, 0);
    waited.zero({ outcome });
  }
  return {
    accepted: (report) => {
      const { outcome } = report;
      scrapes.inc({ outcome, complete: String(report.complete) });
      waited.observe({ outcome }, report.waited_seconds);
      moved.inc(report.moved_series ?? 0);
      missed.inc(report.missed?.length ?? 0);
    },
    rejected: () => rejected.inc(),
  };
}

/** Adds `POST /report`: 204, or 400 with what is wrong. The listener limits the body. */
export function addReports(app: Hono, metrics: ReportMetrics): void {
  const reject = (c: Context, message: string) => {
    metrics.rejected();
    return c.text(`${message}\n`, 400);
  };
  app.post("/report", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    if (body === undefined) return reject(c, "the report is not JSON");
    const report = reportSchema.safeParse(body);
    if (!report.success) return reject(c, `invalid report: ${describeIssue(report.error)}`);
    metrics.accepted(report.data);
    return c.body(null, 204);
  });
  app.all("/report", (c) => methodNotAllowed(c, "POST"));
}
