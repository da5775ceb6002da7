/** What is known of the zones -> the 14 metrics of the Python original, named and labelled as it had them. */
import { add, type Family, family, labels } from "./exposition.ts";
import type { PageFacts, ZoneFacts } from "./facts.ts";
import { type LoadBalancer, type Server, upValue } from "./ktcloud/schema.ts";

/**
 * The metrics of contract 6.1. Unlike the original's, what is not known is absent, never 0: the count,
 * the duration and the timestamp before the first success, and any number that cannot be read.
 */
export function inheritedFamilies(facts: PageFacts): Family[] {
  return [
    totalCount(facts),
    ...balancerFamilies(facts.zones),
    ...serverFamilies(facts.zones),
    ...collectionFamilies(facts),
  ];
}

/** Labels that every series of a zone has. */
export function zoneLabels({ account, zone }: Pick<ZoneFacts, "account" | "zone">) {
  return { zone, account };
}

/** The sum over the zones. A part of it would look like load balancers that are gone. */
function totalCount({ zones }: PageFacts): Family {
  const count = family(
    "gauge",
    "ktcloud_lb_total_count",
    "Number of load balancers in all zones; absent while it is not known of one of them.",
  );
  const known = zones.map(({ state }) => state.known?.listed);
  if (known.length > 0 && known.every((listed) => listed !== undefined)) {
    add(
      count,
      "",
      known.reduce((sum, listed) => sum + listed, 0),
    );
  }
  return count;
}

function balancerFamilies(zones: readonly ZoneFacts[]): Family[] {
  const info = family(
    "gauge",
    "ktcloud_lb_info",
    "Facts of a load balancer as labels; 1 if its state is UP, which tells of its servers, else 0; absent where the cloud tells no state.",
  );
  const count = family(
    "gauge",
    "ktcloud_lb_server_count",
    "Number of servers attached to the load balancer.",
  );
  const types = family(
    "gauge",
    "ktcloud_lb_service_type_count",
    "Number of load balancers of each service type.",
  );
  for (const zone of zones) {
    const perType = new Map<string, number>();
    for (const { balancer, servers } of zone.state.known?.balancers ?? []) {
      add(info, labels({ ...infoLabels(balancer), ...zoneLabels(zone) }), upValue(balancer));
      perType.set(balancer.serviceType, (perType.get(balancer.serviceType) ?? 0) + 1);
      add(count, labels({ ...balancerLabels(balancer), ...zoneLabels(zone) }), servers?.listed);
    }
    for (const [service_type, number] of perType) {
      add(types, labels({ service_type, ...zoneLabels(zone) }), number);
    }
  }
  return [info, count, types];
}

/** Labels that tell one load balancer from the others of its zone. */
export function balancerLabels({ id, name }: LoadBalancer) {
  return { lb_id: id, lb_name: name };
}

function infoLabels(balancer: LoadBalancer) {
  return {
    ...balancerLabels(balancer),
    service_ip: balancer.serviceIp,
    service_port: balancer.servicePort,
    service_type: balancer.serviceType,
    lb_option: balancer.option,
    healthcheck_type: balancer.healthcheckType,
  };
}

/** Every server of every zone that is known, with the labels that tell it from all others. */
export function* knownServers(zones: readonly ZoneFacts[]) {
  for (const zone of zones) {
    for (const { balancer, servers } of zone.state.known?.balancers ?? []) {
      const before = balancerLabels(balancer);
      for (const server of servers?.items ?? []) {
        const { ip: server_ip, port: server_port } = server;
        yield { server, own: { ...before, server_ip, server_port, ...zoneLabels(zone) } };
      }
    }
  }
}

function serverFamilies(zones: readonly ZoneFacts[]): Family[] {
  const columns: readonly (readonly [Family, (server: Server) => number | undefined])[] = [
    [
      family(
        "gauge",
        "ktcloud_lb_server_state",
        "1 if the server's state is UP, else 0; absent where the cloud tells none.",
      ),
      (server) => upValue(server),
    ],
    [
      family("gauge", "ktcloud_server_current_connections", "Current connections to the server."),
      (server) => server.connections,
    ],
    [
      family(
        "gauge",
        "ktcloud_server_throughput_rate_kbps",
        "Throughput rate of the server, raw as reported by KT Cloud; the unit is unconfirmed.",
      ),
      (server) => server.throughputRate,
    ],
    [
      family(
        "gauge",
        "ktcloud_server_avg_ttfb_ms",
        "Mean time to the server's first byte in milliseconds.",
      ),
      (server) => server.averageTtfbMs,
    ],
    [
      family("gauge", "ktcloud_server_requests_rate_per_sec", "Requests per second at the server."),
      (server) => server.requestsPerSecond,
    ],
  ];
  for (const { server, own } of knownServers(zones)) {
    const written = labels(own);
    for (const [column, of] of columns) add(column, written, of(server));
  }
  return columns.map(([column]) => column);
}

function collectionFamilies({ zones, totals, exporter }: PageFacts): Family[] {
  const duration = family(
    "gauge",
    "ktcloud_lb_scrape_duration_seconds",
    "Duration of the last successful collection in seconds; of several zones the longest.",
  );
  const timestamp = family(
    "gauge",
    "ktcloud_lb_last_scrape_timestamp",
    "Start of the last successful collection since the Unix epoch in seconds; of several zones the oldest.",
  );
  const successes = zones.map(({ state }) => state.lastSuccess);
  if (successes.length > 0 && successes.every((one) => one !== undefined)) {
    add(duration, "", Math.max(...successes.map(({ durationMs }) => durationMs)) / 1000);
    add(timestamp, "", Math.min(...successes.map(({ startedAtMs }) => startedAtMs)) / 1000);
  }
  const conflicts = family(
    "counter",
    "ktcloud_lb_update_conflicts_total",
    "Updates that met another one; always 0, since a page is built by one worker and swapped whole.",
  );
  add(conflicts, "", 0);
  const updates = family(
    "counter",
    "ktcloud_lb_atomic_updates_total",
    "Pages built, each swapped in whole.",
  );
  add(updates, "", totals.pages);
  const info = family(
    "gauge",
    // The original's library added the second "_info"; dashboards ask for what was on the wire.
    "ktcloud_lb_exporter_info_info",
    "Facts of the exporter as labels, with a constant 1.",
  );
  for (const zone of zones) add(info, labels({ ...exporter, ...zoneLabels(zone) }), 1);
  return [duration, timestamp, conflicts, updates, info];
}
