/** What is known of the zones -> what the status page says of them, and the points that its plots gain. */
import type { ZoneFacts } from "../facts.ts";
import type { Server } from "../ktcloud/schema.ts";
import type { BalancerState } from "../zone.ts";
import type { BalancerStatus, ServerStatus, StatusFacts, ZoneStatus } from "./facts.ts";
import { type History, nextHistory, pointsOf, type ZoneReading } from "./history.ts";

/** What does not come from the zones. */
export type StatusFrame = Pick<StatusFacts, "builtAtMs" | "intervalMs" | "maxAgeMs">;

/** The page's facts. */
export function statusFacts(
  zones: readonly ZoneFacts[],
  history: History,
  frame: StatusFrame,
): StatusFacts {
  return { ...frame, zones: zones.map((zone) => zoneStatus(zone, history)) };
}

/** With more load balancers than this no points are kept: they would take more memory than the pages. */
const MAX_PLOTTED = 1000;

/** The points with those of the newest collection. */
export function plot(previous: History, zones: readonly ZoneFacts[]): History {
  const shown = zones.reduce((sum, { state }) => sum + (state.known?.balancers.length ?? 0), 0);
  return shown > MAX_PLOTTED ? [] : nextHistory(previous, zones.map(reading));
}

function reading({ account, zone, state }: ZoneFacts): ZoneReading {
  const balancers = state.up
    ? state.known?.balancers.map(({ balancer, success, servers }) => ({
        id: balancer.id,
        servers: success ? servers?.items.map(serverStatus) : undefined,
      }))
    : undefined;
  return { account, zone, atMs: state.last?.startedAtMs ?? 0, balancers };
}

function zoneStatus({ account, zone, state }: ZoneFacts, history: History): ZoneStatus {
  const points = pointsOf(history, { account, zone });
  const { up, dialect, problem, failures, dropped, known, last, lastSuccess } = state;
  return {
    account,
    zone,
    up,
    dialect,
    problem,
    failures,
    dropped,
    lastSuccessAtMs: lastSuccess?.startedAtMs,
    lastDurationMs: last?.durationMs,
    balancers: known?.balancers.map((one) => ({
      ...balancerStatus(one),
      // What the zone could not tell at all is no trouble of each load balancer.
      problem: up ? one.problem : undefined,
      history: points.get(one.balancer.id) ?? [],
    })),
  };
}

function balancerStatus(known: BalancerState): Omit<BalancerStatus, "history" | "problem"> {
  const { balancer, servers } = known;
  return {
    ...balancer,
    // One spelling of a word is enough for a reader.
    state: balancer.state.toUpperCase(),
    serversAtMs: servers?.atMs,
    servers: servers?.items.map(serverStatus),
  };
}

function serverStatus(server: Server): ServerStatus {
  return { ...server, state: server.state.toUpperCase() };
}
