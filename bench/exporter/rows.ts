/** Numbers of a run -> rows: the medians, what they are to the peers, the bar, and whether it is met. */
import type { Memory } from "../processes.ts";
import { atMost, compared, type Row } from "../row.ts";
import { median, perRound } from "../statistics.ts";
import type { Measured } from "./measure.ts";
import { SERVER_NAMES } from "./peers.ts";
import type { Stalls, Waits } from "./stall.ts";
import type { Throughput } from "./throughput.ts";
import type { Torn } from "./torn.ts";

/** How many times the requests of nginx, and of the ideal, the exporter promises. */
const TIMES_NGINX = 1.3;
const TIMES_IDEAL = 1.15;
const STALL_LIMIT_MS = 5;

/** All rows of a run, in the order of the table. */
export function rowsOf(measured: Measured): readonly Row[] {
  const { throughputs, memory } = measured;
  return [
    ...throughputs.map(scrapesRow),
    ...throughputs.map(cpuRow),
    ...stallRows(measured.stalls),
    ...buildRows(measured),
    cycleRow(measured),
    ...tornRows(measured.torn),
    ...memoryRows("of its own", memory, ({ ownMiB }) => ownMiB),
    ...memoryRows("resident", memory, ({ residentMiB }) => residentMiB),
  ];
}

function scrapesRow({ encoding, perSecond, originalPerSecond }: Throughput): Row {
  const all = { ...perSecond, python: originalPerSecond };
  const numbers = compared(all, [...SERVER_NAMES, "python"], "ratio");
  return {
    what: `scrapes per second, ${encoding}`,
    ...numbers,
    digits: 1,
    bar: `≥ ${TIMES_NGINX} × nginx`,
    met: (numbers.to.nginx ?? NaN) >= TIMES_NGINX,
  };
}

function cpuRow({ encoding, cpuMicros }: Throughput): Row {
  return {
    what: `CPU per scrape, ${encoding}, µs`,
    ...compared(cpuMicros, SERVER_NAMES, "ratio"),
    digits: 0,
  };
}

function stallRows(stalls: Stalls): readonly Row[] {
  const { idle, building, idleScrapes, buildingScrapes } = stalls;
  const stallMs = added(building, idle, "longest");
  return [
    ours("small request, worker idle: p99, ms", median(idle.p99)),
    ours("  longest", median(idle.longest)),
    ours("small request, pages being built: p99, ms", median(building.p99)),
    ours("  longest", median(building.longest)),
    {
      ...ours("  stall: the longest, less that of the idle", stallMs),
      ...atMost(STALL_LIMIT_MS, stallMs),
    },
    ours("  main thread's CPU per page, ms", median(stalls.mainThreadMs)),
    ours("gzipped scrape, worker idle: p99, ms", median(idleScrapes.p99)),
    {
      what: "gzipped scrape, pages being built: p99, ms",
      values: {
        exporter: median(buildingScrapes.p99),
        python: median(stalls.originalScrapeMs),
      },
      digits: 2,
    },
  ];
}

function ours(what: string, value: number): Row {
  return { what, values: { exporter: value }, digits: 2 };
}

function added(busy: Waits, idle: Waits, of: keyof Waits): number {
  return median(perRound(busy[of], idle[of], (a, b) => a - b));
}

function buildRows({ builds }: Measured): readonly Row[] {
  const { exporter, originalUpdateMs, originalScrapesMs } = builds;
  const python = originalUpdateMs + median(originalScrapesMs);
  return [
    {
      what: "end of the collection to page, ms",
      values: { exporter: median(exporter.map(({ buildMs }) => buildMs)), python },
      digits: 0,
    },
  ];
}

function cycleRow({ cycles, idealCycleMs }: Measured): Row {
  const times = median(cycles.map(({ cycleMs }) => cycleMs)) / idealCycleMs;
  return {
    what: `cycle, 1,000 load balancers, 50 ms a call, × ${idealCycleMs} ms`,
    values: { exporter: times },
    digits: 3,
    ...atMost(TIMES_IDEAL, times),
  };
}

function tornRows({ exporter, original }: Measured["torn"]): readonly Row[] {
  const rowOf = (what: string, of: (torn: Torn) => number): Row => ({
    what,
    values: { exporter: of(exporter), python: of(original) },
    digits: 0,
  });
  const enough = exporter.scrapes > 0 && exporter.collections > 1;
  return [
    rowOf("scrapes while pages change", ({ scrapes }) => scrapes),
    rowOf("  collections seen", ({ collections }) => collections),
    {
      ...rowOf("  torn pages", ({ problems }) => problems.length),
      bar: "0",
      // Without a change there is nothing to be torn.
      met: enough && exporter.problems.length === 0,
    },
  ];
}

function memoryRows(
  kind: string,
  memory: Measured["memory"],
  of: (memory: Memory) => number,
): readonly Row[] {
  return memory.map(({ series, exporter, original }) => ({
    what: `memory ${kind}, ${series} series, MiB`,
    values: { exporter: of(exporter), python: of(original) },
    digits: 1,
  }));
}
