/** One target -> collections of it, one after the other, with all state that lives from one to the next. */
import type { Logger } from "../shared/log.ts";
import { type Collection, collect, failuresOf } from "./collect.ts";
import { type Counters, countingObserver, countListing, createCounters } from "./counters.ts";
import type { ZoneFacts } from "./facts.ts";
import { createClient } from "./ktcloud/client.ts";
import { createApi } from "./ktcloud/dialects.ts";
import type { ApiError } from "./ktcloud/errors.ts";
import { type Fetch, isLoopback } from "./ktcloud/exchange.ts";
import type { Cycle } from "./ktcloud/pacer.ts";
import { createReach, type Reach, UNLIMITED_REACH } from "./ktcloud/reach.ts";
import { reportCollection } from "./report.ts";
import { nameFilter, type Target } from "./targets/target.ts";
import { nextZone, type Timing, UNKNOWN_ZONE, type ZoneState } from "./zone.ts";

/** What all targets share. Durations in milliseconds. */
export interface ZoneSettings {
  readonly intervalMs: number;
  readonly maxAgeMs: number;
  readonly connectTimeoutMs: number;
  /** Whether a proxy stands between, so that connecting says nothing of the cloud. */
  readonly proxied: boolean;
}

export interface CollectorTools {
  readonly fetch: Fetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicNow: () => number;
  /** Waits; ends early when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number from 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
}

/** What a successor goes on from. */
export interface ZoneMemory {
  readonly state: ZoneState;
  /** The filter that the state was read through. */
  readonly filter: Pick<Target, "include" | "exclude">;
  readonly counters: Counters;
}

/** What was collected, not yet part of the state. */
export interface Collected {
  readonly collection: Collection;
  readonly timing: Timing;
}

/** A target that is collected again and again. */
export interface ZoneCollector {
  readonly target: Target;
  /** Asks for everything once. */
  collect(cycle: Cycle): Promise<Collected>;
  /** Makes a collection part of the state. */
  take(collected: Collected): void;
  facts(): ZoneFacts;
  memory(): ZoneMemory;
}

/** A list of 100,000 servers is about 30 MB of JSON; more than this is no load balancer list. */
export const clientLimits = { maxBodyBytes: 64 * 1024 * 1024 } as const;

/** Behind a proxy connecting says nothing of the cloud. */
export function reachOf(
  { apiUrl }: Pick<Target, "apiUrl">,
  { proxied, connectTimeoutMs }: Pick<ZoneSettings, "proxied" | "connectTimeoutMs">,
): Reach {
  if (proxied && !isLoopback(apiUrl)) return UNLIMITED_REACH;
  return createReach({ timeoutMs: connectTimeoutMs });
}

/** Builds a collector that goes on from `memory`, or from nothing. */
export function createZoneCollector(
  { target, settings }: { readonly target: Target; readonly settings: ZoneSettings },
  tools: CollectorTools,
  memory?: ZoneMemory,
): ZoneCollector {
  const { account, zone, concurrency } = target;
  const { now, monotonicNow, log } = tools;
  const { intervalMs, maxAgeMs } = settings;
  const counters = memory?.counters ?? createCounters();
  const filter = { include: target.include, exclude: target.exclude };
  let state = recall(memory, filter);
  const who = { zone, ...(account !== undefined && { account }) };
  const client = createClient({
    ...target,
    ...tools,
    ...clientLimits,
    reach: reachOf(target, settings),
    // Shorter than the interval, so that a first refusal costs no cycle but lasts for all of its own.
    loginHoldMs: intervalMs / 2,
    observer: countingObserver(counters),
  });
  const api = createApi(client, target.dialect, {
    known: state.dialect,
    onSwitch: (from, to) => {
      const message =
        "The zone speaks the other generation of the API: ids change, series begin anew";
      log.warn(message, { ...who, from, to });
    },
  });
  const wanted = nameFilter(target);
  const known = new WeakSet<ApiError>();
  let askedAt: ReadonlyMap<string, number> = new Map();

  return {
    target,
    facts: () => ({ account, zone, state, counters }),
    memory: () => ({ state, filter, counters }),
    collect: async (cycle) => {
      const startedAtMs = now();
      const startedMs = monotonicNow();
      const collection = await collect(api, {
        concurrency,
        wanted,
        askedAt: (id) => askedAt.get(id),
        cycle,
      });
      if (collection.list.kind === "ok") {
        const ids = collection.list.value.items.map(({ id }) => id);
        askedAt = nextAskedAt(askedAt, { ids, asked: collection.asked, atMs: startedMs });
      }
      return { collection, timing: { startedAtMs, durationMs: monotonicNow() - startedMs } };
    },
    take: ({ collection, timing }) => {
      const before = state;
      state = nextZone(before, collection, { timing, maxAgeMs });
      reportCollection(log, collection, { who, before, after: state, known });
      count(counters, collection, known);
    },
  };
}

/** Load balancers that another filter let through are not those that this one does, nor all of them. */
function recall(memory: ZoneMemory | undefined, filter: ZoneMemory["filter"]): ZoneState {
  if (memory === undefined) return UNKNOWN_ZONE;
  if (Bun.deepEquals(memory.filter, filter)) return memory.state;
  return { ...memory.state, up: false, known: undefined };
}

/** When each of the ids was last asked for; what is not listed any more is forgotten. */
function nextAskedAt(
  before: ReadonlyMap<string, number>,
  now: { ids: readonly string[]; asked: ReadonlySet<string>; atMs: number },
): ReadonlyMap<string, number> {
  const { ids, asked, atMs } = now;
  return new Map(
    ids.flatMap((id) => {
      const at = asked.has(id) ? atMs : before.get(id);
      return at === undefined ? [] : [[id, at]];
    }),
  );
}

function count(counters: Counters, collection: Collection, known: WeakSet<ApiError>): void {
  for (const error of failuresOf(collection)) {
    // While a refused login is not repeated, its error stands in for the calls not made.
    if (known.has(error)) continue;
    known.add(error);
    counters.errors[error.operation][error.failure] += 1;
  }
  const { list, servers } = collection;
  if (list.kind === "ok") {
    // What the filter left out was listed all the same.
    const { listed, filtered } = list.value;
    countListing(counters, "list_load_balancers", { ...list.value, listed: listed + filtered });
  }
  for (const outcome of servers.values()) {
    if (outcome.kind === "ok") countListing(counters, "list_servers", outcome.value);
  }
}
