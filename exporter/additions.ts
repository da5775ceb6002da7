/** What is known of the zones -> the metrics that the original did not have. */

import { apiFamilies } from "./api-families.ts";
import { add, countSamples, type Family, family, labels } from "./exposition.ts";
import type { PageFacts, ZoneFacts } from "./facts.ts";
import { balancerLabels, knownServers, zoneLabels } from "./inherited.ts";

const SINCE_EPOCH = "since the Unix epoch in seconds";

/** Adds what says how much of a page to believe, and what the cloud tells that the original hid. */
export function additionalFamilies(facts: PageFacts): Family[] {
  const { zones } = facts;
  return [
    leaderFamily(true),
    ...zoneFamilies(zones),
    ...balancerFamilies(zones),
    ...serverFamilies(zones),
    ...apiFamilies(zones),
    ...collectionFamilies(facts),
  ];
}

/** Whether this exporter collects. It is all that the page of a standby holds. */
export function leaderFamily(leads: boolean): Family {
  const leader = family(
    "gauge",
    "ktcloud_exporter_leader",
    "1 if this exporter collects; 0 if it stands by for another one that does.",
  );
  add(leader, "", leads ? 1 : 0);
  return leader;
}

/** The page's last family: how many samples stand before it, and when it was built. */
export function snapshotFamilies(families: readonly Family[], builtAtMs: number): Family[] {
  const samples = family(
    "gauge",
    "ktcloud_snapshot_samples",
    "Number of samples on this page, this one and the timestamp left aside.",
  );
  add(samples, "", countSamples(families));
  const timestamp = family(
    "gauge",
    "ktcloud_snapshot_timestamp_seconds",
    `When this page was built, ${SINCE_EPOCH}.`,
  );
  add(timestamp, "", builtAtMs / 1000);
  return [samples, timestamp];
}

type Column<T> = readonly [name: string, help: string, of: (one: T) => number | undefined];

/** One gauge for each column, one sample in it for each thing that is known. */
function gauges<T>(
  columns: readonly Column<T>[],
  things: Iterable<readonly [written: string, thing: T]>,
): Family[] {
  const all = columns.map(([name, help, of]) => [family("gauge", name, help), of] as const);
  for (const [written, thing] of things) {
    for (const [one, of] of all) add(one, written, of(thing));
  }
  return all.map(([one]) => one);
}

const ZONE_COLUMNS: readonly Column<ZoneFacts>[] = [
  [
    "ktcloud_zone_up",
    "1 if the last collection could list the load balancers of the zone, else 0; absent before the first.",
    ({ state }) => (state.last === undefined ? undefined : Number(state.up)),
  ],
  [
    "ktcloud_zone_load_balancers",
    "Number of load balancers in the zone; absent while it is not known.",
    ({ state }) => state.known?.listed,
  ],
  [
    "ktcloud_zone_filtered_load_balancers",
    "Number of load balancers in the zone that the filters leave out; absent while it is not known.",
    ({ state }) => state.known?.filtered,
  ],
  [
    "ktcloud_zone_last_success_timestamp_seconds",
    `Start of the last collection that listed the load balancers, ${SINCE_EPOCH}.`,
    ({ state }) => inSeconds(state.lastSuccess?.startedAtMs),
  ],
  [
    "ktcloud_zone_collect_duration_seconds",
    "Duration of the last collection of the zone, successful or not, in seconds.",
    ({ state }) => inSeconds(state.last?.durationMs),
  ],
  [
    "ktcloud_zone_consecutive_failures",
    "Collections that could not list the load balancers since the last one that could.",
    ({ state }) => state.failures,
  ],
];

function zoneFamilies(zones: readonly ZoneFacts[]): Family[] {
  const dialect = family(
    "gauge",
    "ktcloud_zone_dialect_info",
    "Generation of the API that answers in the zone, command or rest, with a constant 1.",
  );
  for (const zone of zones) {
    if (zone.state.dialect === undefined) continue;
    add(dialect, labels({ ...zoneLabels(zone), dialect: zone.state.dialect }), 1);
  }
  const written = zones.map((zone) => [labels(zoneLabels(zone)), zone] as const);
  return [...gauges(ZONE_COLUMNS, written), dialect];
}

type Known = NonNullable<ZoneFacts["state"]["known"]>["balancers"][number];

const BALANCER_COLUMNS: readonly Column<Known>[] = [
  [
    "ktcloud_lb_success",
    "1 if the last collection could read the servers of the load balancer, else 0.",
    ({ success }) => Number(success),
  ],
  [
    "ktcloud_lb_last_success_timestamp_seconds",
    `Start of the collection that the servers of the load balancer are from, ${SINCE_EPOCH}.`,
    ({ servers }) => inSeconds(servers?.atMs),
  ],
  [
    "ktcloud_lb_established_connections",
    "Established connections of the load balancer.",
    ({ balancer }) => balancer.connections,
  ],
  [
    "ktcloud_lb_requests_per_second",
    "Requests per second at the load balancer.",
    ({ balancer }) => balancer.requestsPerSecond,
  ],
];

function balancerFamilies(zones: readonly ZoneFacts[]): Family[] {
  const state = family(
    "gauge",
    "ktcloud_lb_state_info",
    "State of the load balancer in the cloud's own word as a label, with a constant 1.",
  );
  const things: [string, Known][] = [];
  for (const zone of zones) {
    for (const known of zone.state.known?.balancers ?? []) {
      const own = { ...balancerLabels(known.balancer), ...zoneLabels(zone) };
      things.push([labels(own), known]);
      add(state, labels({ ...own, state: known.balancer.state }), 1);
    }
  }
  return [...gauges(BALANCER_COLUMNS, things), state];
}

/** States that the inherited metric tells apart by itself. */
const USUAL = new Set(["UP", "DOWN"]);

/** Only where they say something that the inherited metrics do not. */
function serverFamilies(zones: readonly ZoneFacts[]): Family[] {
  const state = family(
    "gauge",
    "ktcloud_server_state_info",
    "State of a server in the cloud's own word as a label, with a constant 1; only of words other than UP and DOWN.",
  );
  const requests = family(
    "gauge",
    "ktcloud_server_request_bytes_per_second",
    "Bytes of requests per second at the server; only where the cloud tells it.",
  );
  const responses = family(
    "gauge",
    "ktcloud_server_response_bytes_per_second",
    "Bytes of responses per second at the server; only where the cloud tells it.",
  );
  for (const { server, own } of knownServers(zones)) {
    if (!USUAL.has(server.state)) add(state, labels({ ...own, state: server.state }), 1);
    if (server.requestByteRate === undefined && server.responseByteRate === undefined) continue;
    const written = labels(own);
    add(requests, written, server.requestByteRate);
    add(responses, written, server.responseByteRate);
  }
  return [state, requests, responses];
}

function collectionFamilies({ totals, last }: PageFacts): Family[] {
  const duration = family(
    "gauge",
    "ktcloud_collect_duration_seconds",
    "Duration of the last collection over all zones, successful or not, in seconds.",
  );
  add(duration, "", inSeconds(last?.durationMs));
  const overruns = family(
    "counter",
    "ktcloud_collect_overruns_total",
    "Collections that took longer than the interval, the building of their page included.",
  );
  add(overruns, "", totals.overruns);
  return [duration, overruns];
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
