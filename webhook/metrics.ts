/** What became of each request -> counters and a histogram. */
import { Counter, Histogram, type Registry } from "prom-client";
import type { DenyReason, SkipReason } from "./decide.ts";
import type { RejectReason } from "./review.ts";

/** Every reason that a request can be counted under, with the outcome that it belongs to. */
const OUTCOMES = {
  opted_in: "injected",
  not_opted_in: "skipped",
  opted_out: "skipped",
  unknown_opt_in: "skipped",
  already_injected: "skipped",
  not_create: "skipped",
  subresource: "skipped",
  not_a_pod: "skipped",
  invalid_pod: "denied",
  invalid_port: "denied",
  no_free_port: "denied",
  body_too_large: "rejected",
  body_incomplete: "rejected",
  not_json: "rejected",
  not_a_review: "rejected",
  unsupported_version: "rejected",
  invalid_review: "rejected",
  internal: "error",
} as const satisfies Record<
  "opted_in" | "internal" | SkipReason | DenyReason | RejectReason,
  "injected" | "skipped" | "denied" | "rejected" | "error"
>;

export type AdmissionReason = keyof typeof OUTCOMES;

/** Counts one request, which took so many seconds from its headers to its answer. */
export type CountAdmission = (reason: AdmissionReason, seconds: number) => void;

/** Adds the admission metrics to a registry. All series are there from the start, at zero. */
export function createAdmissionMetrics(registry: Registry): CountAdmission {
  const registers = [registry];
  const admissions = new Counter({
    name: "webhook_admissions_total",
    help: "Requests to /mutate, by what became of them and why.",
    labelNames: ["outcome", "reason"],
    registers,
  });
  for (const [reason, outcome] of Object.entries(OUTCOMES)) admissions.inc({ outcome, reason }, 0);
  const duration = new Histogram({
    name: "webhook_admission_duration_seconds",
    help: "Time from the headers of a request to /mutate until its answer was ready, in seconds.",
    // A decision takes well under a millisecond; above that it is the arrival of the body.
    buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  return (reason, seconds) => {
    admissions.inc({ outcome: OUTCOMES[reason], reason });
    duration.observe(seconds);
  };
}
