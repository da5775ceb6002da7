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

/** The first sign of an end, or that it came to nothing, since the pod lives on. */
const noticeSchema = z.object({ event: z.enum(["begun", "withdrawn"]) });

/** Anybody in the cluster can send one, so nothing of it is kept but these: no name, no text. */
const endSchema = z.object({
  // Sidecars of before 0.2 name no event: they report nothing but ends.
  event: z.literal("ended").optional(),
  outcome: z.enum(OUTCOMES),
  complete: z.boolean(),
  waited_seconds: z.number().min(0).max(MAX_WAIT_SECONDS),
  moved_series: z.int().min(0).max(MAX_SERIES).optional(),
  missed: z.array(z.unknown()).max(1000).optional(),
  final_page_age_seconds: z.number().min(0).max(MAX_WAIT_SECONDS).nullable().optional(),
});

export type SidecarReport = z.infer<typeof noticeSchema> | z.infer<typeof endSchema>;

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
    help: "Pods' ends that sidecars have reported, by outcome; complete means that no scraper was missed and the final page was not old.",
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
  const begun = new Counter({
    name: "webhook_final_scrapes_begun_total",
    help: "Pods' ends whose beginning sidecars have reported; one that is never finished was cut short.",
    registers,
  });
  const withdrawn = new Counter({
    name: "webhook_final_scrapes_withdrawn_total",
    help: "Ends that had begun by a preStop hook and came to nothing, since the pod lives on.",
    registers,
  });
  const age = new Histogram({
    name: "webhook_final_scrape_page_age_seconds",
    help: "Age in seconds of the final page when the application's port closed: what was counted within it may be lost.",
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers,
  });
  const rejected = new Counter({
    name: "webhook_final_scrape_reports_rejected_total",
    help: "Reports to /report that could not be read.",
    registers,
  });
  for (const outcome of OUTCOMES) {
    scrapes.inc({ outcome, complete: "false" }, 0);
    if (outcome === "delivered" || outcome === "unchanged")
      scrapes.inc({ outcome, complete: "true" }, 0);
    waited.zero({ outcome });
  }
  return {
    accepted: (report) => {
      if (!("outcome" in report)) {
        (report.event === "begun" ? begun : withdrawn).inc();
        return;
      }
      const { outcome, final_page_age_seconds: ageSeconds } = report;
      if (typeof ageSeconds === "number") age.observe(ageSeconds);
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
    const isNotice = noticeSchema.safeParse(body).success;
    const report = isNotice ? noticeSchema.safeParse(body) : endSchema.safeParse(body);
    if (!report.success) return reject(c, `invalid report: ${describeIssue(report.error)}`);
    metrics.accepted(report.data);
    return c.body(null, 204);
  });
  app.all("/report", (c) => methodNotAllowed(c, "POST"));
}
