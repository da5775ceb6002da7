/** Settings -> one finished page for each cycle over all targets, with what lives from cycle to cycle. */
import type { ExporterLabels, Totals } from "./facts.ts";
import type { Cycle } from "./ktcloud/pacer.ts";
import { renderPage } from "./render.ts";
import { encodePage, type Snapshot } from "./snapshot.ts";
import { renderStatusFragment } from "./status/fragment.ts";
import type { History } from "./status/history.ts";
import { plot, statusFacts } from "./status/read.ts";
import type { Target } from "./targets/target.ts";
import type { Timing } from "./zone.ts";
import {
  type CollectorTools,
  createZoneCollector,
  type ZoneCollector,
  type ZoneMemory,
  type ZoneSettings,
} from "./zone-collector.ts";

/** What a collector needs to know. Durations in milliseconds. */
export interface CollectorSettings extends ZoneSettings {
  readonly targets: readonly Target[];
  /** Deadline of a cycle, from its start. */
  readonly deadlineMs: number;
  readonly exporter: ExporterLabels;
}

/** What a successor goes on from after this worker's end. */
export interface Memory {
  /** By {@link keyOf}. */
  readonly zones: Readonly<Record<string, ZoneMemory>>;
  readonly totals: Totals;
  readonly history: History;
}

export interface Collector {
  /** Collects once and gives the page; `undefined` where new settings came meanwhile. */
  cycle(): Promise<Snapshot | undefined>;
  /**
   * Goes on with these targets; a cycle under way is given up. A target that is the same keeps its state, its
   * token and its pace. The other settings come from the command line, and never change.
   */
  configure(settings: CollectorSettings): void;
  /** Whether no target has ever been listed. */
  readonly blind: boolean;
  memory(): Memory;
}

/** Builds a collector that goes on from `memory`, or from nothing. */
export function createCollector(
  initial: CollectorSettings,
  tools: CollectorTools,
  memory?: Memory,
): Collector {
  const { now, monotonicNow } = tools;
  const totals: Totals = memory?.totals ?? { pages: 0, overruns: 0 };
  let history: History = memory?.history ?? [];
  let settings = initial;
  let zones = createZones(initial, tools, memory?.zones ?? {});
  let running = new AbortController();

  const remember = (): Memory => ({
    zones: Object.fromEntries(zones.map((zone) => [keyOf(zone.target), zone.memory()])),
    totals,
    history,
  });
  const snapshot = async (last: Timing): Promise<Snapshot> => {
    totals.pages += 1;
    const facts = zones.map((zone) => zone.facts());
    const builtAtMs = now();
    const { exporter } = settings;
    history = plot(history, facts);
    const status = renderStatusFragment(statusFacts(facts, history, { ...settings, builtAtMs }));
    const texts = renderPage({ zones: facts, totals, exporter, last, builtAtMs });
    return {
      pages: await encodePage(texts),
      status: new Blob([status]),
      builtAtMs,
      listed: facts.some(({ state }) => state.lastSuccess !== undefined),
      problem: facts.find(({ state }) => state.problem !== undefined)?.state.problem,
    };
  };

  return {
    memory: remember,
    get blind() {
      return zones.every((zone) => zone.facts().state.lastSuccess === undefined);
    },
    configure: (next) => {
      zones = reuseZones(zones, createZones(next, tools, remember().zones));
      settings = next;
      running.abort();
    },
    cycle: async () => {
      const startedAtMs = now();
      const startedMs = monotonicNow();
      const own = new AbortController();
      running = own;
      const { deadlineMs } = settings;
      const deadline = setTimeout(() => own.abort(), deadlineMs);
      const asked = zones;
      const cycle: Cycle = { signal: own.signal, endsAtMs: startedMs + deadlineMs };
      const collected = await Promise.all(
        asked.map(async (zone) => ({ zone, collected: await zone.collect(cycle) })),
      );
      clearTimeout(deadline);
      // Half of the answers would be of targets that are no longer wanted.
      if (zones !== asked) return undefined;
      for (const one of collected) one.zone.take(one.collected);
      const page = await snapshot({ startedAtMs, durationMs: monotonicNow() - startedMs });
      if (monotonicNow() - startedMs > settings.intervalMs) totals.overruns += 1;
      return page;
    },
  };
}

function createZones(
  settings: CollectorSettings,
  tools: CollectorTools,
  memory: Memory["zones"],
): readonly ZoneCollector[] {
  return settings.targets.map((target) =>
    createZoneCollector({ target, settings }, tools, memory[keyOf(target)]),
  );
}

/** A target of which nothing has changed goes on with its token and its pace, too. */
function reuseZones(
  old: readonly ZoneCollector[],
  fresh: readonly ZoneCollector[],
): readonly ZoneCollector[] {
  return fresh.map((zone) => old.find(({ target }) => Bun.deepEquals(target, zone.target)) ?? zone);
}

/** What is remembered of a target outlives a new password, but not another account or cloud. */
function keyOf({ account, zone, apiUrl, credentials }: Target): string {
  return JSON.stringify([account ?? null, zone, apiUrl, credentials.account]);
}
