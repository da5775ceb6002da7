/** Calls as they come and go -> what the simulator has seen since it started. */
import { KT_ZONES, type ZonePrefix } from "../zones.ts";
import { CALLS, type Call, DIALECTS, type Dialect } from "./fault-schema.ts";

/** One call that was answered, or is being answered. */
export interface CallRecord {
  /** By the simulator's clock, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Since the simulator started, by a clock that never jumps, in milliseconds. */
  readonly elapsedMs: number;
  readonly zone: ZonePrefix;
  readonly call: Call;
  /** Absent for logins, which all dialects share. */
  readonly dialect?: Dialect;
  readonly lbId?: string;
  /** Status of the answer; 0 until there is one, and where the connection was cut instead. */
  status: number;
}

/** What the simulator has seen since it started. */
export interface Counts {
  /** Calls by operation, whichever dialect answered. */
  readonly calls: Record<Call, number>;
  /** The lists among them, by dialect. */
  readonly byDialect: Record<Dialect, Record<Exclude<Call, "token">, number>>;
  readonly byZone: Record<ZonePrefix, Record<Call, number>>;
  /** Calls whose answer has not begun yet. */
  inFlight: number;
  inFlightMax: number;
  /** Wrong passwords, and calls without a valid token; not what a fault has made up. */
  unauthorised: number;
  /** Calls over the rate limit. */
  rateLimited: number;
  /** Unknown zones, services, and dialects that the zone does not speak; in no other count. */
  notFound: number;
  /** Calls that got a fault. */
  faulty: number;
  /** The last calls, oldest first. */
  readonly recent: CallRecord[];
}

/** So many calls are remembered one by one. */
export const REMEMBERED = 2000;

/** Nothing seen yet. */
export function createCounts(): Counts {
  return {
    calls: noCalls(),
    byDialect: table(DIALECTS, noLists),
    byZone: table(Object.values(KT_ZONES), noCalls),
    inFlight: 0,
    inFlightMax: 0,
    unauthorised: 0,
    rateLimited: 0,
    notFound: 0,
    faulty: 0,
    recent: [],
  };
}

/** Counts a call that a zone and a dialect answer. */
export function countCall(counts: Counts, record: CallRecord): void {
  const { call, zone, dialect } = record;
  counts.calls[call] += 1;
  counts.byZone[zone][call] += 1;
  if (dialect !== undefined && call !== "token") counts.byDialect[dialect][call] += 1;
  counts.recent.push(record);
  if (counts.recent.length > REMEMBERED) counts.recent.shift();
}

function noLists(): Record<Exclude<Call, "token">, number> {
  return { listLoadBalancers: 0, listLoadBalancerWebServers: 0 };
}

function noCalls(): Record<Call, number> {
  return table(CALLS, () => 0);
}

function table<K extends string, V>(keys: readonly K[], value: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>;
}
