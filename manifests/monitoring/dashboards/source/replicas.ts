/** The row of the exporter's replicas: which of them leads. */
import type { Row } from "./dashboard.ts";
import { lines, stat, states } from "./kinds.ts";
import { each, perMinute, REPLICA, REPLICA_NAME, SELECTED } from "./own-metrics.ts";
import { LEADING, NONE_IS_BETTER } from "./words.ts";

export const replicas: Row = {
  title: "Replicas",
  panels: [
    stat({
      title: "Replicas",
      description: "Exporters that Prometheus scrapes, by version. More than one: a rollout.",
      unit: "none",
      noValue: "none",
      color: "text",
      queries: [
        { expr: `count by (version) (exporter_build_info{${SELECTED}})`, legend: "{{version}}" },
      ],
      width: 4,
    }),
    stat({
      title: "Leaders",
      description:
        "Exactly one in each namespace, by the clocks of the replicas. Absent without --leader-elect. None for longer than 17 s: see the API server, and the rights on the Lease.",
      unit: "none",
      noValue: "no election",
      steps: [
        [null, "red"],
        [1, "green"],
        [2, "red"],
      ],
      queries: [
        {
          expr: `sum by (namespace, job) (exporter_leader{${SELECTED}})`,
          legend: "{{namespace}} {{job}}",
        },
      ],
      width: 4,
    }),
    stat({
      title: "Could not take over",
      description:
        "Replicas that have not read the Lease since they started. Absent without --leader-elect.",
      unit: "none",
      noValue: "no election",
      steps: NONE_IS_BETTER,
      queries: [{ expr: `sum(exporter_lease_read{${SELECTED}} == bool 0)` }],
      width: 4,
    }),
    states({
      title: "Leader",
      description: "Which replica collects. Absent without --leader-elect.",
      unit: "none",
      words: LEADING,
      queries: [{ expr: each("exporter_leader"), legend: REPLICA_NAME }],
      width: 12,
      height: 4,
    }),
    lines({
      title: "Takeovers",
      description: "Times per minute that a replica began or ceased to lead.",
      unit: "cpm",
      stacked: true,
      noValue: "no election",
      queries: [{ expr: perMinute("to", "exporter_leader_transitions_total"), legend: "{{to}}" }],
      width: 8,
    }),
    lines({
      title: "Renewals of the Lease",
      description: "Per minute: 30 of the leader at the default of 2 s, 0 of others.",
      unit: "cpm",
      noValue: "no election",
      queries: [
        { expr: perMinute(REPLICA, "exporter_lease_renewals_total"), legend: REPLICA_NAME },
      ],
      width: 8,
    }),
    lines({
      title: "Errors of the Lease",
      description:
        "Calls to the API server that failed, per minute. 403 is a right that is missing: the log names it.",
      unit: "cpm",
      stacked: true,
      noValue: "no election",
      queries: [
        {
          expr: perMinute("operation, code", "exporter_lease_errors_total"),
          legend: "{{operation}} {{code}}",
        },
      ],
      width: 8,
    }),
  ],
};
