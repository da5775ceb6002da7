/** How a replica fares in the election -> metrics of the main thread's registry. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { ApiError } from "../../shared/cluster/api.ts";
import { createFailureCounter } from "../../shared/cluster/failures.ts";
import { LEASE_OPERATIONS } from "./leases.ts";
import type { LeaderState } from "./state.ts";

export interface LeaderMetrics {
  changed(state: LeaderState): void;
  renewed(): void;
  failed(error: ApiError): void;
}

/** Adds the metrics to a registry. */
export function createLeaderMetrics(registry: Registry): LeaderMetrics {
  const registers = [registry];
  let state: LeaderState = { kind: "starting", problem: undefined };
  new Gauge({
    name: "exporter_leader",
    help: "Whether this replica leads and so collects from the cloud: 1 or 0.",
    registers,
    collect() {
      this.set(leads(state) ? 1 : 0);
    },
  });
  new Gauge({
    name: "exporter_lease_read",
    help: "Whether this replica has read the Lease since it started, and could take over: 1 or 0.",
    registers,
    collect() {
      this.set(state.kind === "standby" || state.kind === "leading" ? 1 : 0);
    },
  });
  const transitions = new Counter({
    name: "exporter_leader_transitions_total",
    help: "Times that this replica has begun (to=leading) or ceased (to=standby) to lead.",
    labelNames: ["to"],
    registers,
  });
  const renewals = new Counter({
    name: "exporter_lease_renewals_total",
    help: "Times that this replica has written the Lease and led by it.",
    registers,
  });
  const failed = createFailureCounter(registry, {
    name: "exporter_lease_errors_total",
    operations: LEASE_OPERATIONS,
  });
  for (const to of ["leading", "standby"]) transitions.inc({ to }, 0);
  return {
    changed: (next) => {
      const [led, leading] = [state.kind === "leading", next.kind === "leading"];
      state = next;
      if (led !== leading) transitions.inc({ to: leading ? "leading" : "standby" });
    },
    renewed: () => renewals.inc(),
    failed,
  };
}

function leads(state: LeaderState): boolean {
  return state.kind === "leading" && state.holds();
}
