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
import type { Listing, LoadBalancer, Server } from "./ktcloud/schema.ts";

/** What is known of one load balancer. */
export interface BalancerState {
  readonly balancer: LoadBalancer;
  /** Whether the last collection read its servers. */
  readonly success: boolean;
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
    | { readonly balancers: readonly BalancerState[]; readonly listed: number }
    | undefined;
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
  lastSuccess: undefined,
  last: undefined,
};

/** Decides by the table above. What is older than `maxAgeMs` at the start of the collection ends. */
export function nextZone(
  previous: ZoneState,
  { list, servers }: Collection,
  { timing, maxAgeMs }: { readonly timing: Timing; readonly maxAgeMs: number },
): ZoneState {
  const oldestMs = timing.startedAtMs - maxAgeMs;
  const before = new Map(previous.known?.balancers.map((one) => [one.balancer.id, one.servers]));
  const lastGood = (id: string) => keepFresh(before.get(id), oldestMs);
  if (list.kind === "ok") {
    const balancers = list.value.items.map((balancer) =>
      nextBalancer(balancer, servers.get(balancer.id), {
        atMs: timing.startedAtMs,
        lastGood: lastGood(balancer.id),
      }),
    );
    const known = { balancers, listed: list.value.listed };
    return { up: true, known, lastSuccess: timing, last: timing };
  }
  const { known, lastSuccess } = previous;
  const tooOld = lastSuccess === undefined || lastSuccess.startedAtMs < oldestMs;
  const kept = known?.balancers.map(({ balancer }) => ({
    balancer,
    success: false,
    servers: lastGood(balancer.id),
  }));
  return {
    up: false,
    known: known && kept && !tooOld ? { ...known, balancers: kept } : undefined,
    lastSuccess,
    last: timing,
  };
}

function nextBalancer(
  balancer: LoadBalancer,
  outcome: Outcome<Listing<Server>> | undefined,
  { atMs, lastGood }: { atMs: number; lastGood: ServersState | undefined },
): BalancerState {
  if (outcome?.kind !== "ok") return { balancer, success: false, servers: lastGood };
  const { items, listed } = outcome.value;
  return { balancer, success: true, servers: { items, listed, atMs } };
}

function keepFresh(servers: ServersState | undefined, oldestMs: number): ServersState | undefined {
  return servers !== undefined && servers.atMs >= oldestMs ? servers : undefined;
}
