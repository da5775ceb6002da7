/** The rows of the webhook itself: its certificate, its processes. */
import type { Row } from "./dashboard.ts";
import { lines, stat, states, table } from "./kinds.ts";
import { perMinute, REPLICA, REPLICA_NAME, SELECTED } from "./own-metrics.ts";
import { EXPIRY, YES_NO } from "./words.ts";

export const certificate: Row = {
  title: "Certificate",
  panels: [
    stat({
      title: "Certificate ends in",
      description:
        "The least over all replicas. It should have been renewed 30 days before; below 7 days renew it by hand.",
      unit: "s",
      noValue: "none is served",
      steps: EXPIRY,
      queries: [{ expr: `min(webhook_certificate_expiry_seconds{${SELECTED}})` }],
      width: 5,
    }),
    stat({
      title: "Authority ends in",
      description:
        "The newest authority that the webhook has made itself. Absent where the certificate comes from a directory.",
      unit: "s",
      noValue: "not self-signed",
      steps: EXPIRY,
      queries: [{ expr: `min(webhook_self_signed_authority_expiry_seconds{${SELECTED}})` }],
      width: 5,
    }),
    states({
      title: "Newest certificate is served",
      description: "no: it was refused, and the last good one is served on. The log says why.",
      unit: "none",
      words: YES_NO,
      queries: [
        {
          expr: `min by (${REPLICA}) (webhook_certificate_last_reload_successful{${SELECTED}})`,
          legend: REPLICA_NAME,
        },
      ],
      width: 14,
      height: 4,
    }),
    lines({
      title: "Reloads",
      description: "Certificates that were to replace the served one, per minute, by result.",
      unit: "cpm",
      stacked: true,
      fields: { success: { color: "green" }, refused: { color: "red" } },
      queries: [
        { expr: perMinute("result", "webhook_certificate_reloads_total"), legend: "{{result}}" },
      ],
      width: 6,
    }),
    table({
      title: "Self-signed renewals",
      description:
        "Authorities and certificates that the running replicas have made since they started, and why. Nothing where the webhook is not self-signed.",
      unit: "none",
      noValue: "none",
      queries: [
        {
          // Not their growth: a series begins with its first renewal, at 1, and stays there for months.
          expr: `sum by (kind, reason) (webhook_self_signed_renewals_total{${SELECTED}})`,
          legend: "Renewals",
        },
      ],
      columns: { kind: "Kind", reason: "Reason" },
      sortBy: "Renewals",
      descending: true,
      width: 6,
      height: 8,
    }),
    lines({
      title: "caBundle",
      description:
        "Times per minute that it was set in the webhook configuration. Again and again: somebody else resets it, such as a GitOps tool.",
      unit: "cpm",
      stacked: true,
      noValue: "not self-signed",
      fields: { success: { color: "green" }, failure: { color: "red" } },
      queries: [
        { expr: perMinute("result", "webhook_ca_bundle_patches_total"), legend: "{{result}}" },
      ],
      width: 6,
    }),
    lines({
      title: "Kubernetes API errors",
      description:
        "Calls to the API server that failed, per minute. 403 is a right that is missing: the log names it.",
      unit: "cpm",
      stacked: true,
      noValue: "not asked",
      queries: [
        {
          expr: perMinute("operation, code", "webhook_kubernetes_api_errors_total"),
          legend: "{{operation}} {{code}}",
        },
      ],
      width: 6,
    }),
  ],
};

/** A process_ metric of the webhook's own: every program has one of that name. */
function ofProcess(metric: string): string {
  const builds = `webhook_build_info{${SELECTED}}`;
  return `${metric} * on (namespace, job, pod, instance) group_left () group by (namespace, job, pod, instance) (${builds})`;
}

export const own: Row = {
  title: "Processes",
  panels: [
    stat({
      title: "Replicas",
      description: "Replicas that Prometheus scrapes, by version. More than one: a rollout.",
      unit: "none",
      noValue: "none",
      color: "text",
      queries: [
        { expr: `count by (version) (webhook_build_info{${SELECTED}})`, legend: "{{version}}" },
      ],
      width: 4,
      height: 7,
    }),
    lines({
      title: "Memory",
      description: "Resident memory of each replica.",
      unit: "bytes",
      queries: [
        {
          expr: ofProcess(`process_resident_memory_bytes{${SELECTED}}`),
          legend: REPLICA_NAME,
        },
      ],
      width: 10,
      height: 7,
    }),
    lines({
      title: "CPU",
      description: "Cores that each replica uses.",
      unit: "none",
      queries: [
        {
          expr: ofProcess(`rate(process_cpu_seconds_total{${SELECTED}}[$__rate_interval])`),
          legend: REPLICA_NAME,
        },
      ],
      width: 10,
      height: 7,
    }),
  ],
};
