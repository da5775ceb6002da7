/** Settings -> one finished page for each cycle, with all state that lives from cycle to cycle. */
import type { Logger } from "../shared/log.ts";
import { type Collection, collect, failuresOf } from "./collect.ts";
import { type Counters, createCounters } from "./counters.ts";
import type { ExporterLabels } from "./facts.ts";
import { createClient } from "./ktcloud/client.ts";
import { createCommandApi } from "./ktcloud/command.ts";
import type { ApiError } from "./ktcloud/errors.ts";
import type { Fetch } from "./ktcloud/exchange.ts";
import type { ZoneName } from "./ktcloud/zones.ts";
import { renderPage } from "./render.ts";
import { describeFailure, reportCollection } from "./report.ts";
import { encodePage, type Snapshot } from "./snapshot.ts";
import { nextZone, type Timing, UNKNOWN_ZONE, type ZoneState } from "./zone.ts";

/** What a collector needs to know. Durations in milliseconds. */
export interface CollectorSettings {
  readonly apiUrl: string;
  readonly zone: ZoneName;
  readonly account: string;
  readonly password: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly maxAgeMs: number;
  readonly exporter: ExporterLabels;
}

export interface CollectorTools {
  readonly fetch: Fetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
}

/** What a successor goes on from after this worker's end. */
export interface Memory {
  readonly state: ZoneState;
  readonly counters: Counters;
}

export interface Collector {
  /** Collects once and gives the page. */
  cycle(): Promise<Snapshot>;
  memory(): Memory;
}

/** A page of 100,000 servers is about 30 MB of JSON; more than this is no load balancer list. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Builds a collector that goes on from `memory`, or from nothing. */
export function createCollector(
  settings: CollectorSettings,
  tools: CollectorTools,
  memory?: Memory,
): Collector {
  const { zone, account, password, intervalMs, maxAgeMs, exporter } = settings;
  const { now, log } = tools;
  const counters = memory?.counters ?? createCounters();
  let state = memory?.state ?? UNKNOWN_ZONE;
  const client = createClient({
    ...settings,
    ...tools,
    credentials: { account, password },
    maxBodyBytes: MAX_BODY_BYTES,
    // Shorter than the interval, so that a first refusal costs no cycle but lasts for all of its own.
    loginHoldMs: intervalMs / 2,
    onCall: (operation) => {
      counters.calls[operation] += 1;
    },
  });
  const api = createCommandApi(client);
  const counted = new WeakSet<ApiError>();

  return {
    memory: () => ({ state, counters }),
    cycle: async () => {
      const startedAtMs = now();
      const collection = await collect(api, settings.concurrency);
      const timing: Timing = { startedAtMs, durationMs: now() - startedAtMs };
      const before = state;
      state = nextZone(before, collection, { timing, maxAgeMs });
      count(counters, collection, counted);
      reportCollection(log, collection, { zone, before, after: state });
      counters.pages += 1;
      const text = await renderPage({ zone, state, counters, exporter, builtAtMs: now() });
      return {
        ...encodePage(text),
        lastSuccessAtMs: state.lastSuccess?.startedAtMs,
        problem:
          collection.list.kind === "failed" ? describeFailure(collection.list.error) : undefined,
      };
    },
  };
}

function count(counters: Counters, collection: Collection, counted: WeakSet<ApiError>): void {
  for (const error of failuresOf(collection)) {
    // While a refused login is not repeated, its error stands in for the calls not made.
    if (counted.has(error)) continue;
    counted.add(error);
    counters.errors[error.operation][error.failure] += 1;
  }
  const { list, servers } = collection;
  if (list.kind === "ok") counters.dropped.list_load_balancers += list.value.dropped;
  for (const outcome of servers.values()) {
    if (outcome.kind === "ok") counters.dropped.list_servers += outcome.value.dropped;
  }
}
