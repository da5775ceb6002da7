/** What became of each request -> counters and a histogram. */
import { Counter, Histogram, type Registry } from "prom-client";
import { REJECT_REASONS, type RejectReason } from "./review.ts";
import { type Reason, TABLE } from "./rules.ts";

/** What became of one request to /mutate, and why. */
export type Admission =
  | { readonly outcome: "injected" | "skipped" | "denied"; readonly reason: Reason }
  | { readonly outcome: "rejected"; readonly reason: RejectReason }
  | { readonly outcome: "error"; readonly reason: "internal" };

/** Counts one request, which took so many seconds from its headers to its answer. */
export type CountAdmission = (admission: Admission, seconds: number) => void;

/** Adds the admission metrics to a registry. All series are there from the start, at zero. */
export function createAdmissionMetrics(registry: Registry): CountAdmission {
  const registers = [registry];
  const admissions = new Counter({
    name: "webhook_admissions_total",
    help: "Requests to /mutate, by what became of them and why.",
    labelNames: ["outcome", "reason"],
    registers,
  });
  for (const admission of everyAdmission()) admissions.inc(admission, 0);
  const duration = new Histogram({
    name: "webhook_admission_duration_seconds",
    help: "Time from the headers of a request to /mutate until its answer was ready, in seconds.",
    // A decision takes well under a millisecond; above that it is the arrival of the body.
    buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  return (admission, seconds) => {
    admissions.inc({ ...admission });
    duration.observe(seconds);
  };
}

function everyAdmission(): readonly Admission[] {
  const decided = TABLE.flatMap(({ outcome, reason }): Admission[] =>
    // With --on-invalid=warn the pod passes.
    outcome === "denied"
      ? [
          { outcome, reason },
          { outcome: "skipped", reason },
        ]
      : [{ outcome, reason }],
  );
  const rejected = REJECT_REASONS.map((reason): Admission => ({ outcome: "rejected", reason }));
  return [...decided, ...rejected, { outcome: "error", reason: "internal" }];
}
