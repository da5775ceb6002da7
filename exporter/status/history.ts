/** The points so far + what one collection read -> the points of the last 60 collections (pure). */
import type { HistoryPoint, ServerStatus } from "./facts.ts";

/** How many points are kept of each load balancer. */
export const MAX_POINTS = 60;

/** The points of every load balancer, by zone. Plain data, fit for JSON. */
export type History = readonly ZoneHistory[];

interface ZoneHistory {
  readonly account?: string | undefined;
  readonly zone: string;
  readonly balancers: readonly BalancerHistory[];
}

interface BalancerHistory {
  readonly id: string;
  readonly points: readonly HistoryPoint[];
}

/** What one collection read of one zone. */
export interface ZoneReading {
  readonly account: string | undefined;
  readonly zone: string;
  /** Start of the collection, in ms since the epoch. */
  readonly atMs: number;
  /** `undefined` where the load balancers could not be listed. */
  readonly balancers: readonly BalancerReading[] | undefined;
}

/** What one collection read of one load balancer: `undefined` where its servers could not be read. */
export interface BalancerReading {
  readonly id: string;
  readonly servers: readonly ServerReading[] | undefined;
}

type ServerReading = Pick<ServerStatus, "state" | "connections" | "requestsPerSecond">;

/**
 * Adds one point to every load balancer and drops the oldest beyond {@link MAX_POINTS}.
 *
 * | this collection                       | the load balancer's points                     |
 * |---------------------------------------|------------------------------------------------|
 * | read its servers                      | one more                                       |
 * | listed it, but could not read servers | one more, a gap                                |
 * | listed the zone without it            | forgotten                                      |
 * | could not list its zone               | one more, a gap; forgotten once all are gaps   |
 * | has no such zone                      | forgotten                                      |
 */
export function nextHistory(previous: History, readings: readonly ZoneReading[]): History {
  return readings.map((reading) => {
    const { account, zone, atMs } = reading;
    const before = previous.find((one) => one.zone === zone && one.account === account);
    const balancers = nextBalancers(before?.balancers ?? [], reading.balancers, atMs);
    return { account, zone, balancers };
  });
}

/** The points of one zone by load balancer id, for building the page's facts. */
export function pointsOf(
  history: History,
  { account, zone }: { readonly account: string | undefined; readonly zone: string },
): ReadonlyMap<string, readonly HistoryPoint[]> {
  const found = history.find((one) => one.zone === zone && one.account === account);
  return new Map(found?.balancers.map(({ id, points }) => [id, points]));
}

/** The sum of what is known, as Prometheus would add the series up; `undefined` where nothing is. */
export function sumKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function nextBalancers(
  before: readonly BalancerHistory[],
  now: readonly BalancerReading[] | undefined,
  atMs: number,
): BalancerHistory[] {
  if (now === undefined) {
    return before
      .map(({ id, points }) => ({ id, points: append(points, gap(atMs)) }))
      .filter(({ points }) => points.some(({ servers }) => servers !== undefined));
  }
  const known = new Map(before.map(({ id, points }) => [id, points]));
  return now.map(({ id, servers }) => {
    const point = servers === undefined ? gap(atMs) : pointOf(servers, atMs);
    return { id, points: append(known.get(id) ?? [], point) };
  });
}

function append(points: readonly HistoryPoint[], point: HistoryPoint): HistoryPoint[] {
  return [...points.slice(1 - MAX_POINTS), point];
}

function pointOf(servers: readonly ServerReading[], atMs: number): HistoryPoint {
  return {
    atMs,
    requestsPerSecond: sumKnown(servers.map((one) => one.requestsPerSecond)),
    connections: sumKnown(servers.map((one) => one.connections)),
    up: servers.filter(({ state }) => state === "UP").length,
    servers: servers.length,
  };
}

function gap(atMs: number): HistoryPoint {
  return {
    atMs,
    requestsPerSecond: undefined,
    connections: undefined,
    up: undefined,
    servers: undefined,
  };
}
