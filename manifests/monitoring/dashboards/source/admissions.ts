/** The row of what the webhook decides. */
import type { Row } from "./dashboard.ts";
import { lines, table } from "./kinds.ts";
import { during, perMinute } from "./own-metrics.ts";

const OUTCOMES = {
  injected: { color: "green" },
  skipped: { color: "blue" },
  denied: { color: "orange" },
  rejected: { color: "red" },
  error: { color: "dark-red" },
};

export const admissions: Row = {
  title: "Admissions",
  panels: [
    lines({
      title: "Admissions by outcome",
      description:
        "Requests to /mutate per minute. denied: an annotation is not allowed, and the pod was refused. rejected: the request was no AdmissionReview. error: a fault of the webhook. These are requests, not pods: of most injected pods one more request is counted as skipped.",
      unit: "cpm",
      stacked: true,
      fields: OUTCOMES,
      queries: [{ expr: perMinute("outcome", "webhook_admissions_total"), legend: "{{outcome}}" }],
      width: 9,
    }),
    table({
      title: "Reasons",
      description:
        "Requests of the time range by outcome and reason; what each reason means is in docs/injection.md. already_injected is no fault and grows with opted_in: the API server asks again about a pod that another admission plugin changed after the webhook, as it does for a ServiceAccount's token.",
      unit: "short",
      decimals: 0,
      noValue: "no admission",
      queries: [
        {
          expr: `sum by (outcome, reason) (${during("webhook_admissions_total")}) > 0`,
          legend: "Admissions",
        },
      ],
      columns: { outcome: "Outcome", reason: "Reason" },
      sortBy: "Admissions",
      descending: true,
      width: 6,
      height: 8,
    }),
    lines({
      title: "Latency",
      description:
        "From the head of a request until its answer was ready: half of the admissions, and 99 of 100, took at most this long. Every pod's creation waits for it.",
      unit: "s",
      noValue: "no admission",
      queries: [0.5, 0.99].map((part) => ({
        expr: `histogram_quantile(${part}, ${perMinute("le", "webhook_admission_duration_seconds_bucket")})`,
        legend: `${100 * part} %`,
      })),
      width: 9,
    }),
  ],
};
