/** The exporter's processes by their own metrics: who leads, what is served, what was read again. */
import { createDashboard, type Row } from "./dashboard.ts";
import { lines, stat, states } from "./kinds.ts";
import { each, perMinute, REPLICA, REPLICA_NAME, replicaChoices, SELECTED } from "./own-metrics.ts";
import { replicas } from "./replicas.ts";
import { EXPIRY, YES_NO } from "./words.ts";

const pages: Row = {
  title: "Pages",
  panels: [
    lines({
      title: "Scrapes",
      description: "Pages served per minute, by format and content encoding.",
      unit: "cpm",
      stacked: true,
      queries: [
        {
          expr: perMinute("format, encoding", "exporter_scrapes_total"),
          legend: "{{format}} {{encoding}}",
        },
      ],
      width: 8,
    }),
    lines({
      title: "Size of the page",
      description: "Of the page that is being served, in each form. Absent on a standby.",
      unit: "bytes",
      noValue: "no page",
      queries: [
        {
          expr: `max by (format, encoding) (exporter_snapshot_size_bytes{${SELECTED}})`,
          legend: "{{format}} {{encoding}}",
        },
      ],
      width: 8,
    }),
    lines({
      title: "Age of the page",
      description: "Since the page that is being served was built. Absent on a standby.",
      unit: "s",
      noValue: "no page",
      queries: [
        { expr: `time() - ${each("exporter_snapshot_timestamp_seconds")}`, legend: REPLICA_NAME },
      ],
      width: 8,
    }),
    lines({
      title: "Pages taken over",
      description:
        "From the worker that collects, per minute. None: it hangs, or this is a standby.",
      unit: "cpm",
      queries: [
        { expr: perMinute(REPLICA, "exporter_snapshot_swaps_total"), legend: REPLICA_NAME },
      ],
      width: 8,
    }),
    lines({
      title: "Workers replaced",
      description: "Workers that ended without being asked to, or hung, per minute.",
      unit: "cpm",
      stacked: true,
      queries: [
        { expr: perMinute("reason", "exporter_worker_restarts_total"), legend: "{{reason}}" },
      ],
      width: 8,
    }),
    lines({
      title: "Refused requests",
      description:
        "Before they reached a page, per minute: unauthorized (401), busy (503, too many logins at once), rate_limited (429). Absent without --web.config.file.",
      unit: "cpm",
      stacked: true,
      noValue: "no web configuration",
      queries: [
        { expr: perMinute("reason", "exporter_web_refused_requests_total"), legend: "{{reason}}" },
      ],
      width: 8,
    }),
  ],
};

const configuration: Row = {
  title: "Configuration and processes",
  panels: [
    states({
      title: "Newest configuration is in force",
      description: "no: it was refused, and the last good one is in force. The log says why.",
      unit: "none",
      words: YES_NO,
      queries: [
        {
          expr: each("exporter_config_last_reload_successful"),
          legend: `accounts ${REPLICA_NAME}`,
        },
        { expr: each("exporter_web_config_last_reload_successful"), legend: `web ${REPLICA_NAME}` },
      ],
      width: 12,
      height: 6,
    }),
    lines({
      title: "Reloads",
      description: "Times per minute that the accounts were read again, by outcome.",
      unit: "cpm",
      stacked: true,
      queries: [
        { expr: perMinute("outcome", "exporter_config_reloads_total"), legend: "{{outcome}}" },
      ],
      width: 8,
      height: 6,
    }),
    stat({
      title: "Certificate ends in",
      description: "The least over all replicas. Absent where the exporter serves plain HTTP.",
      unit: "s",
      noValue: "plain HTTP",
      steps: EXPIRY,
      queries: [{ expr: `min(exporter_web_certificate_expiry_seconds{${SELECTED}})` }],
      width: 4,
      height: 6,
    }),
    lines({
      title: "Memory",
      description: "Resident memory of each replica.",
      unit: "bytes",
      queries: [{ expr: each("process_resident_memory_bytes"), legend: REPLICA_NAME }],
      width: 12,
    }),
    lines({
      title: "CPU",
      description: "Cores that each replica uses.",
      unit: "none",
      queries: [
        {
          expr: `max by (${REPLICA}) (rate(process_cpu_seconds_total{${SELECTED}}[$__rate_interval]))`,
          legend: REPLICA_NAME,
        },
      ],
      width: 12,
    }),
  ],
};

export const exporter = createDashboard({
  uid: "lb-exporter",
  title: "KT Cloud load balancers: exporter",
  description: "How lb-exporter itself fares, by what its processes say at /-/metrics.",
  tags: ["ktcloud"],
  from: "now-6h",
  variables: replicaChoices("exporter_build_info"),
  pages: { "Leader election": "leader-election.md" },
  rows: [replicas, pages, configuration],
});
