/** What is known of a zone -> the metrics that say how much of a page to believe. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { PageFacts } from "./facts.ts";
import { OPERATIONS } from "./ktcloud/errors.ts";

/** Adds the metrics that the original did not have. */
export function addAdditions(registry: Registry, facts: PageFacts): void {
  const registers = [registry];
  addZone(registers, facts);
  addBalancers(registers, facts);
  addApi(registers, facts);
}

function addZone(registers: Registry[], { zone, state, builtAtMs }: PageFacts): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["zone"], registers });
  gauge(
    "ktcloud_zone_up",
    "1 if the last collection could list the load balancers of the zone, else 0.",
  ).set({ zone }, state.up ? 1 : 0);
  const count = gauge(
    "ktcloud_zone_load_balancers",
    "Number of load balancers in the zone; absent while it is not known.",
  );
  if (state.known !== undefined) count.set({ zone }, state.known.listed);
  const success = gauge(
    "ktcloud_zone_last_success_timestamp_seconds",
    "Start of the last collection that listed the load balancers, since the Unix epoch in seconds.",
  );
  if (state.lastSuccess !== undefined) success.set({ zone }, state.lastSuccess.startedAtMs / 1000);
  const duration = gauge(
    "ktcloud_zone_collect_duration_seconds",
    "Duration of the last collection, successful or not, in seconds.",
  );
  if (state.last !== undefined) duration.set({ zone }, state.last.durationMs / 1000);
  new Gauge({
    name: "ktcloud_snapshot_timestamp_seconds",
    help: "When this page was built, since the Unix epoch in seconds.",
    registers,
  }).set(builtAtMs / 1000);
}

function addBalancers(registers: Registry[], { zone, state }: PageFacts): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["lb_id", "lb_name", "zone"], registers });
  const success = gauge(
    "ktcloud_lb_success",
    "1 if the last collection could read the servers of the load balancer, else 0.",
  );
  const timestamp = gauge(
    "ktcloud_lb_last_success_timestamp_seconds",
    "Start of the collection that the servers of the load balancer are from, since the Unix epoch in seconds.",
  );
  for (const { balancer, success: read, servers } of state.known?.balancers ?? []) {
    const labels = { lb_id: balancer.id, lb_name: balancer.name, zone };
    success.set(labels, read ? 1 : 0);
    if (servers !== undefined) timestamp.set(labels, servers.atMs / 1000);
  }
}

function addApi(registers: Registry[], { zone, counters }: PageFacts): void {
  const calls = new Counter({
    name: "ktcloud_api_calls_total",
    help: "Requests sent to the cloud's API.",
    labelNames: ["zone", "operation"],
    registers,
  });
  const errors = new Counter({
    name: "ktcloud_api_errors_total",
    help: "Calls of the cloud's API that failed, by class of failure.",
    labelNames: ["zone", "operation", "class"],
    registers,
  });
  const dropped = new Counter({
    name: "ktcloud_api_items_dropped_total",
    help: "Items in the cloud's lists that could not be read or repeated another.",
    labelNames: ["zone", "operation"],
    registers,
  });
  for (const operation of OPERATIONS) {
    calls.inc({ zone, operation }, counters.calls[operation]);
    for (const [failure, count] of Object.entries(counters.errors[operation])) {
      errors.inc({ zone, operation, class: failure }, count);
    }
    if (operation !== "token") dropped.inc({ zone, operation }, counters.dropped[operation]);
  }
}
