/**
 * What was known of a zone + one collection -> what is known now (pure).
 *
 * | list   | servers of an LB | the LB's facts            | its servers               | its success |
 * |--------|------------------|---------------------------|---------------------------|-------------|
 * | ok     | ok               | new                       | new                       | 1           |
 * | ok     | failed           | new                       | last good, until too old  | 0           |
 * | failed | not asked        | last good, until too old  | last good, until too old  | 0           |
 */
import type { Collection, Outcome } from "./collect.ts";
import type { Dialect } from "./ktcloud/api.ts";
import { describeFailure } from "./ktcloud/errors.ts";
import type { Listing, LoadBalancer, Server } from "./ktcloud/schema.ts";

/** What is known of one load balancer. */
export interface BalancerState {
  readonly balancer: LoadBalancer;
  /** Whether the last collection read its servers. */
  readonly success: boolean;
  /** Why it could not, in words. */
  readonly problem: string | undefined;
  /** The newest servers that were read, unless they are too old. */
  readonly servers: ServersState | undefined;
}

interface ServersState {
  readonly items: readonly Server[];
  /** How many servers the cloud listed, readable or not. */
  readonly listed: number;
  /** Start of the collection that read them, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** What is known of a zone. Plain data, fit for JSON. */
export interface ZoneState {
  /** Whether the last collection listed the load balancers. */
  readonly up: boolean;
  /** `undefined` before the first success, and once the last one is too old. */
  readonly known:
    | {
        readonly balancers: readonly BalancerState[];
        readonly listed: number;
        /** How many load balancers the filter leaves out. */
        readonly filtered: number;
      }
    | undefined;
  /** The generation of the API that answered last. */
  readonly dialect: Dialect | undefined;
  /** Why the last collection could not list the load balancers, in words. */
  readonly problem: string | undefined;
  /** Collections that could not, since the last one that could. */
  readonly failures: number;
  /** Items of the last collection's lists that are not shown. */
  readonly dropped: number;
  /** The last collection that listed the load balancers. */
  readonly lastSuccess: Timing | undefined;
  /** The last collection, successful or not. */
  readonly last: Timing | undefined;
}

/** When a collection ran. */
export interface Timing {
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** The state before the first collection. */
export const UNKNOWN_ZONE: ZoneState = {
  up: false,
  known: undefined,
  dialect: undefined,
  problem: undefined,
  failures: 0,
  dropped: 0,
  lastSuccess: undefined,
  last: undefined,
};

/** Decides by the table above. What is older than `maxAgeMs` at the start of the collection ends. */
export function nextZone(
  previous: ZoneState,
  collection: Collection,
  { timing, maxAgeMs }: { readonly timing: Timing; readonly maxAgeMs: number },
): ZoneState {
  const { list, servers, dialect } = collection;
  const nowMs = timing.startedAtMs;
  const oldestMs = nowMs - maxAgeMs;
  const before = new Map(previous.known?.balancers.map((one) => [one.balancer.id, one.servers]));
  const lastGood = (id: string) => keepFresh(before.get(id), { nowMs, oldestMs });
  if (list.kind === "ok") {
    const balancers = list.value.items.map((balancer) =>
      nextBalancer(balancer, servers.get(balancer.id), {
        atMs: nowMs,
        lastGood: lastGood(balancer.id),
      }),
    );
    const { listed, filtered } = list.value;
    const fine = { up: true, problem: undefined, failures: 0, dropped: droppedItems(collection) };
    const known = { balancers, listed, filtered };
    return { ...fine, known, dialect, lastSuccess: timing, last: timing };
  }
  const { known } = previous;
  const lastSuccess = previous.lastSuccess && {
    ...previous.lastSuccess,
    startedAtMs: notAfter(nowMs, previous.lastSuccess.startedAtMs),
  };
  const tooOld = lastSuccess === undefined || lastSuccess.startedAtMs < oldestMs;
  const problem = describeFailure(list.error);
  const kept = known?.balancers.map(({ balancer }) => ({
    balancer,
    success: false,
    problem,
    servers: lastGood(balancer.id),
  }));
  return {
    up: false,
    known: known && kept && !tooOld ? { ...known, balancers: kept } : undefined,
    // A new worker has not found it out yet.
    dialect: dialect ?? previous.dialect,
    problem,
    failures: previous.failures + 1,
    dropped: 0,
    lastSuccess,
    last: timing,
  };
}

function nextBalancer(
  balancer: LoadBalancer,
  outcome: Outcome<Listing<Server>> | undefined,
  { atMs, lastGood }: { atMs: number; lastGood: ServersState | undefined },
): BalancerState {
  if (outcome?.kind !== "ok") {
    const problem = outcome === undefined ? "not asked" : describeFailure(outcome.error);
    return { balancer, success: false, problem, servers: lastGood };
  }
  const { items, listed } = outcome.value;
  return { balancer, success: true, problem: undefined, servers: { items, listed, atMs } };
}

/** Items of all lists of a collection that could not be read or repeated another. */
export function droppedItems({ list, servers }: Collection): number {
  return [list, ...servers.values()].reduce(
    (sum, one) => sum + (one.kind === "ok" ? one.value.unreadable + one.value.duplicates : 0),
    0,
  );
}

function keepFresh(
  servers: ServersState | undefined,
  { nowMs, oldestMs }: { nowMs: number; oldestMs: number },
): ServersState | undefined {
  if (servers === undefined || servers.atMs < oldestMs) return undefined;
  return { ...servers, atMs: notAfter(nowMs, servers.atMs) };
}

/** A clock that was set back would keep what lies in its future for as long as that is away. */
function notAfter(nowMs: number, atMs: number): number {
  return Math.min(nowMs, atMs);
}
