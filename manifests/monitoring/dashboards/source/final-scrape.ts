/** The final scrape: what pods' ends came to, what the webhook decides, and its certificate. */

import { admissions } from "./admissions.ts";
import { createDashboard } from "./dashboard.ts";
import { heatmap, lines, stat } from "./kinds.ts";
import { during, perMinute, replicaChoices } from "./own-metrics.ts";
import { certificate, own } from "./webhook.ts";
import { NONE_IS_BETTER } from "./words.ts";

const ENDS = "webhook_final_scrapes_total";
const WAITED = "webhook_final_scrape_wait_seconds";

const BEGUN = "webhook_final_scrapes_begun_total";
const WITHDRAWN = "webhook_final_scrapes_withdrawn_total";
const AGE = "webhook_final_scrape_page_age_seconds";

const COUNT = { unit: "short", decimals: 0, width: 4, noValue: "not known" } as const;

const totals = [
  stat({
    ...COUNT,
    title: "Ends",
    description: "Pods' ends that sidecars have reported in the time range.",
    color: "text",
    queries: [{ expr: `sum(${during(ENDS)})` }],
    width: 3,
  }),
  stat({
    ...COUNT,
    title: "Unfinished",
    description:
      "Ends that began in the time range and were not reported: killed first, as after a shorter grace period, or still under way.",
    steps: NONE_IS_BETTER,
    queries: [
      {
        expr: `clamp_min(sum(${during(BEGUN)}) - sum(${during(WITHDRAWN)}) - sum(${during(ENDS)}), 0)`,
      },
    ],
    width: 3,
  }),
  stat({
    title: "Complete",
    description:
      "Share of the ends at which no scraper was missed and the final page was not old, of those that were reported or are unfinished.",
    unit: "percentunit",
    decimals: 1,
    noValue: "no pod ended",
    steps: [
      [null, "red"],
      [0.95, "orange"],
      [0.99, "green"],
    ],
    queries: [
      {
        expr: `sum(${during(ENDS, 'complete="true"')}) / (((sum(${during(BEGUN)}) - sum(${during(WITHDRAWN)})) >= sum(${during(ENDS)})) > 0 or sum(${during(ENDS)}) > 0)`,
      },
    ],
    width: 3,
  }),
  stat({
    ...COUNT,
    title: "Series saved",
    description:
      "Series that final scrapes brought forward over what scrapers had before: they would have been lost.",
    color: "green",
    queries: [{ expr: `sum(${during("webhook_final_scrape_moved_series_total")})` }],
  }),
  stat({
    ...COUNT,
    title: "Missed scrapers",
    description: "Active scrapers that did not get a pod's final page in the time range.",
    steps: NONE_IS_BETTER,
    queries: [{ expr: `sum(${during("webhook_final_scrape_missed_scrapers_total")})` }],
  }),
  stat({
    title: "Waited",
    description: "Mean time that sidecars stayed for their scrapers, in the time range.",
    unit: "s",
    noValue: "no pod ended",
    color: "text",
    queries: [
      { expr: `sum(${during(`${WAITED}_sum`)}) / (sum(${during(`${WAITED}_count`)}) > 0)` },
    ],
    width: 4,
  }),
  stat({
    ...COUNT,
    title: "Reports refused",
    description:
      "Reports that could not be read: an older sidecar, or somebody else. Anybody in the cluster can send one.",
    steps: NONE_IS_BETTER,
    queries: [{ expr: `sum(${during("webhook_final_scrape_reports_rejected_total")})` }],
    width: 3,
  }),
];

const overTime = [
  lines({
    title: "Ends by outcome",
    description:
      "Per minute. delivered and unchanged are complete. deadline: the grace period was over. never_scraped: nobody came. scrapers_gone: all had stopped coming. nothing_captured: the application was gone too early.",
    unit: "cpm",
    stacked: true,
    fields: {
      delivered: { color: "green" },
      unchanged: { color: "blue" },
      deadline: { color: "red" },
      never_scraped: { color: "yellow" },
      scrapers_gone: { color: "orange" },
      nothing_captured: { color: "purple" },
      unknown: { color: "text" },
    },
    queries: [{ expr: perMinute("outcome", ENDS), legend: "{{outcome}}" }],
    width: 12,
  }),
  heatmap({
    title: "Seconds waited",
    description:
      "How long sidecars stayed from the first sign of a pod's end. Up to one scrape interval is the price of a whole last scrape.",
    unit: "s",
    queries: [{ expr: perMinute("le", `${WAITED}_bucket`), legend: "{{le}}" }],
    width: 12,
  }),
  lines({
    title: "Final page's age",
    description:
      "How old the final page was when the application's port closed, for half and for 95 of 100 ends: what was counted within it may be lost.",
    unit: "s",
    noValue: "no pod ended",
    queries: [0.5, 0.95].map((part) => ({
      expr: `histogram_quantile(${part}, ${perMinute("le", `${AGE}_bucket`)})`,
      legend: `${100 * part} %`,
    })),
    width: 6,
  }),
  lines({
    title: "Waited, at most",
    description: "Half of the sidecars, and 95 of 100, were gone within this time.",
    unit: "s",
    noValue: "no pod ended",
    queries: [0.5, 0.95].map((part) => ({
      expr: `histogram_quantile(${part}, ${perMinute("le", `${WAITED}_bucket`)})`,
      legend: `${100 * part} %`,
    })),
    width: 6,
  }),
  lines({
    title: "Waited, by outcome",
    description: "Mean time that sidecars stayed. deadline near the grace period is no surprise.",
    unit: "s",
    noValue: "no pod ended",
    queries: [
      {
        expr: `${perMinute("outcome", `${WAITED}_sum`)} / (${perMinute("outcome", `${WAITED}_count`)} > 0)`,
        legend: "{{outcome}}",
      },
    ],
    width: 6,
  }),
  lines({
    title: "Saved and missed",
    description:
      "Per minute: series that would have been lost, and scrapers that did not get a final page.",
    unit: "cpm",
    fields: { "series saved": { color: "green" }, "scrapers missed": { color: "red" } },
    queries: [
      {
        expr: perMinute("", "webhook_final_scrape_moved_series_total"),
        legend: "series saved",
      },
      {
        expr: perMinute("", "webhook_final_scrape_missed_scrapers_total"),
        legend: "scrapers missed",
      },
    ],
    width: 6,
  }),
];

export const finalScrape = createDashboard({
  uid: "final-scrape",
  title: "Final scrape",
  description:
    "What the ends of pods with prometheus.io/wait came to, by their sidecars' reports to the webhook; what the webhook decides, and its certificate.",
  tags: ["final-scrape"],
  from: "now-24h",
  variables: replicaChoices("webhook_build_info"),
  pages: { "Final scrape": "final-scrape.md", Webhook: "webhook.md" },
  rows: [{ title: "Ends of pods", panels: [...totals, ...overTime] }, admissions, certificate, own],
});
