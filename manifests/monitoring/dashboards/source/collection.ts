/** The row of the collection: how the cloud's API answers, and how the exporter keeps up. */
import type { Row } from "./dashboard.ts";
import { lines, states, table } from "./kinds.ts";
import { ofPage, ofZones, PAGE, ZONES } from "./ktcloud.ts";
import { LEADING, NONE_IS_BETTER, NONE_IS_GOOD, UP_DOWN } from "./words.ts";

const ZONE = "{{account}} {{zone}}";

/** Per second and summed, over both replicas: each counts only what it has done itself. */
function rates(labels: string, counter: string, selector = ZONES): string {
  return `sum by (${labels}) (rate(${counter}{${selector}}[$__rate_interval]))`;
}

const zones = table({
  title: "Zones",
  description:
    "At the end of the time range. Age is since the last collection that could list the load balancers; failures are those since then.",
  unit: "none",
  queries: [
    { expr: ofZones("ktcloud_zone_up"), legend: "Answers" },
    { expr: ofZones("ktcloud_zone_dialect_info", ["dialect"]) },
    { expr: ofZones("ktcloud_zone_load_balancers"), legend: "Load balancers" },
    { expr: ofZones("ktcloud_zone_filtered_load_balancers"), legend: "Left out by filters" },
    { expr: `time() - ${ofZones("ktcloud_zone_last_success_timestamp_seconds")}`, legend: "Age" },
    { expr: ofZones("ktcloud_zone_collect_duration_seconds"), legend: "Took" },
    { expr: ofZones("ktcloud_zone_consecutive_failures"), legend: "Failures" },
  ],
  columns: { account: "Account", zone: "Zone", dialect: "API" },
  hidden: ["namespace", "job"],
  sortBy: "Zone",
  fields: {
    Answers: { colored: true, words: UP_DOWN },
    Age: { unit: "s", decimals: 0 },
    Took: { unit: "s" },
    Failures: { colored: true, steps: NONE_IS_GOOD },
  },
  width: 14,
  height: 7,
});

const leader = states({
  title: "Leader",
  description: "Which replica collects. The other one takes over when it ends.",
  unit: "none",
  words: LEADING,
  queries: [
    {
      expr: `max by (namespace, pod, instance) (ktcloud_exporter_leader{${PAGE}})`,
      legend: "{{namespace}} {{pod}} {{instance}}",
    },
  ],
  width: 10,
  height: 7,
});

const pace = [
  lines({
    title: "Duration of a collection",
    description: "Of each zone, successful or not. At 90 % of the interval it is cut off.",
    unit: "s",
    queries: [{ expr: ofZones("ktcloud_zone_collect_duration_seconds"), legend: ZONE }],
    width: 8,
  }),
  lines({
    title: "Part of the interval",
    description:
      "How much of its time the exporter collects: the duration over all zones, times the pages per second. Near 0.9 collections are cut off: raise --collect.interval or --collect.concurrency.",
    unit: "percentunit",
    max: 1,
    steps: [
      [null, "green"],
      [0.7, "orange"],
      [0.9, "red"],
    ],
    queries: [
      {
        expr: `${ofPage("ktcloud_collect_duration_seconds")} * on (namespace, job) ${rates("namespace, job", "ktcloud_lb_atomic_updates_total", PAGE)}`,
        legend: "{{namespace}} {{job}}",
      },
    ],
    width: 8,
  }),
  lines({
    title: "Overruns",
    description: "Collections that took longer than the interval, per minute.",
    unit: "cpm",
    steps: NONE_IS_BETTER,
    queries: [
      {
        expr: `60 * ${rates("namespace, job", "ktcloud_collect_overruns_total", PAGE)}`,
        legend: "{{namespace}} {{job}}",
      },
    ],
    width: 8,
  }),
];

const api = [
  lines({
    title: "Calls by status",
    description:
      "Requests sent to the cloud's API. The code none is for those without a whole answer; a 401 now and then is a token that has ended.",
    unit: "reqps",
    stacked: true,
    queries: [{ expr: rates("code", "ktcloud_api_calls_total"), legend: "{{code}}" }],
    width: 8,
  }),
  lines({
    title: "Failures by class",
    description:
      "Calls that failed, per minute: network, timeout, auth (refused login or token), ratelimit, http (any other status), parse (not what the API answers), api (HTTP 200 that says it failed).",
    unit: "cpm",
    stacked: true,
    queries: [{ expr: `60 * ${rates("class", "ktcloud_api_errors_total")}`, legend: "{{class}}" }],
    width: 8,
  }),
  lines({
    title: "Slowest calls",
    description: "99 of 100 calls of each operation were answered within this time.",
    unit: "s",
    queries: [
      {
        expr: `histogram_quantile(0.99, ${rates("le, operation", "ktcloud_api_call_duration_seconds_bucket")})`,
        legend: "{{operation}}",
      },
    ],
    width: 8,
  }),
  lines({
    title: "Sent again",
    description: "Requests to the cloud's API that were repeated after a failure, per minute.",
    unit: "cpm",
    stacked: true,
    queries: [
      { expr: `60 * ${rates("operation", "ktcloud_api_retries_total")}`, legend: "{{operation}}" },
    ],
    width: 8,
  }),
  lines({
    title: "Odd answers",
    description:
      "Per minute: items of lists that could not be read or repeated another, and lists whose count was not the number of their items.",
    unit: "cpm",
    stacked: true,
    queries: [
      { expr: `60 * ${rates("reason", "ktcloud_api_items_dropped_total")}`, legend: "{{reason}}" },
      {
        expr: `60 * sum(rate(ktcloud_api_count_mismatches_total{${ZONES}}[$__rate_interval]))`,
        legend: "wrong count",
      },
    ],
    width: 8,
  }),
  lines({
    title: "Size of the page",
    description: "Samples on it. A page of a new size tells of load balancers that came or went.",
    unit: "short",
    queries: [{ expr: ofPage("ktcloud_snapshot_samples"), legend: "{{namespace}} {{job}}" }],
    width: 8,
  }),
];

export const collection: Row = {
  title: "Collection",
  panels: [zones, leader, ...pace, ...api],
};
