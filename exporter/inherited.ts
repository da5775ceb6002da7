/** What is known of a zone -> the 14 metrics of the Python original, named and labelled as it had them. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { PageFacts } from "./facts.ts";
import type { LoadBalancer, Server } from "./ktcloud/schema.ts";

const SERVER_LABELS = ["lb_id", "lb_name", "server_ip", "server_port", "zone"] as const;

/**
 * Adds the metrics of contract 6.1. Unlike the original's, what is not known is absent, never 0:
 * the count, the duration and the timestamp before the first success, and any unreadable number.
 */
export function addInherited(registry: Registry, facts: PageFacts): void {
  const registers = [registry];
  addBalancers(registers, facts);
  addServers(registers, facts);
  addCollection(registers, facts);
}

function addBalancers(registers: Registry[], { zone, state }: PageFacts): void {
  const { known } = state;
  if (known !== undefined) {
    new Gauge({
      name: "ktcloud_lb_total_count",
      help: "Number of load balancers in the zone.",
      registers,
    }).set(known.listed);
  }
  const info = new Gauge({
    name: "ktcloud_lb_info",
    help: "Facts of a load balancer as labels; 1 if its state is UP, which tells of its servers, else 0.",
    labelNames: [
      "lb_id",
      "lb_name",
      "service_ip",
      "service_port",
      "service_type",
      "lb_option",
      "healthcheck_type",
      "zone",
    ],
    registers,
  });
  const count = new Gauge({
    name: "ktcloud_lb_server_count",
    help: "Number of servers attached to the load balancer.",
    labelNames: ["lb_id", "lb_name", "zone"],
    registers,
  });
  const types = new Gauge({
    name: "ktcloud_lb_service_type_count",
    help: "Number of load balancers of each service type.",
    labelNames: ["service_type", "zone"],
    registers,
  });
  for (const { balancer, servers } of known?.balancers ?? []) {
    info.set({ ...infoLabels(balancer), zone }, isUp(balancer));
    types.inc({ service_type: balancer.serviceType, zone });
    if (servers === undefined) continue;
    count.set({ lb_id: balancer.id, lb_name: balancer.name, zone }, servers.listed);
  }
}

function infoLabels(balancer: LoadBalancer) {
  return {
    lb_id: balancer.id,
    lb_name: balancer.name,
    service_ip: balancer.serviceIp,
    service_port: balancer.servicePort,
    service_type: balancer.serviceType,
    lb_option: balancer.option,
    healthcheck_type: balancer.healthcheckType,
  };
}

function isUp({ state }: LoadBalancer | Server): number {
  return state === "UP" ? 1 : 0;
}

function addServers(registers: Registry[], { zone, state }: PageFacts): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: SERVER_LABELS, registers });
  const states = gauge("ktcloud_lb_server_state", "1 if the server's state is UP, else 0.");
  const numbers = [
    {
      of: (server: Server) => server.connections,
      in: gauge("ktcloud_server_current_connections", "Current connections to the server."),
    },
    {
      of: (server: Server) => server.throughputRate,
      in: gauge(
        "ktcloud_server_throughput_rate_kbps",
        "Throughput rate of the server, raw as reported by KT Cloud; the unit is unconfirmed.",
      ),
    },
    {
      of: (server: Server) => server.averageTtfbMs,
      in: gauge("ktcloud_server_avg_ttfb_ms", "Mean time to the server's first byte in ms."),
    },
    {
      of: (server: Server) => server.requestsPerSecond,
      in: gauge("ktcloud_server_requests_rate_per_sec", "Requests per second at the server."),
    },
  ];
  for (const { balancer, servers } of state.known?.balancers ?? []) {
    for (const server of servers?.items ?? []) {
      const labels = {
        lb_id: balancer.id,
        lb_name: balancer.name,
        server_ip: server.ip,
        server_port: server.port,
        zone,
      };
      states.set(labels, isUp(server));
      for (const number of numbers) setKnown(number.in, labels, number.of(server));
    }
  }
}

/** No sample for a number that the cloud did not give. */
function setKnown(
  gauge: Gauge<(typeof SERVER_LABELS)[number]>,
  labels: Readonly<Record<(typeof SERVER_LABELS)[number], string>>,
  value: number | undefined,
): void {
  if (value !== undefined) gauge.set(labels, value);
}

function addCollection(
  registers: Registry[],
  { state, counters, exporter, zone }: PageFacts,
): void {
  if (state.lastSuccess !== undefined) {
    new Gauge({
      name: "ktcloud_lb_scrape_duration_seconds",
      help: "Duration of the last successful collection in seconds.",
      registers,
    }).set(state.lastSuccess.durationMs / 1000);
    new Gauge({
      name: "ktcloud_lb_last_scrape_timestamp",
      help: "Start of the last successful collection since the Unix epoch in seconds.",
      registers,
    }).set(state.lastSuccess.startedAtMs / 1000);
  }
  new Counter({
    name: "ktcloud_lb_update_conflicts_total",
    help: "Updates that met another one; always 0, since a page is built by one worker and swapped whole.",
    registers,
  });
  new Counter({
    name: "ktcloud_lb_atomic_updates_total",
    help: "Pages built, each swapped in whole.",
    registers,
  }).inc(counters.pages);
  const labels = { ...exporter, zone };
  new Gauge({
    // The original's library added the second "_info"; dashboards ask for what was on the wire.
    name: "ktcloud_lb_exporter_info_info",
    help: "Facts of the exporter as labels, with a constant 1.",
    labelNames: Object.keys(labels),
    registers,
  }).set(labels, 1);
}
