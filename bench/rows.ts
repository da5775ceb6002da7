/** Numbers of a run -> rows: the medians, what they are to the other proxies, the bar, and whether it is met. */
import type { Latency } from "./latency.ts";
import type { Load } from "./load.ts";
import type { Measured } from "./measure.ts";
import { GZIP_10, type Page } from "./pages.ts";
import type { PeerName } from "./peers.ts";
import { median, perRound } from "./statistics.ts";

/** One measured thing. The bars are those of the design, section "Numbers to hold". */
export interface Row {
  readonly what: string;
  readonly sidecar: number;
  readonly go?: number;
  readonly nginx?: number;
  /** Median of the rounds' ratios; where a number may be near zero, their differences. */
  readonly toGo?: number;
  readonly toNginx?: number;
  readonly comparison?: "ratio" | "difference";
  readonly digits: number;
  readonly bar?: string;
  readonly met?: boolean;
}

/** How much private memory may grow in the second half of a long transfer and still be flat, in MiB. */
const FLAT_MIB = 4;

type Rounds = Readonly<Record<PeerName, readonly number[]>>;

/** All rows of a run, in the order of the table. */
export function rowsOf(measured: Measured): readonly Row[] {
  return [
    ...measured.latencies.flatMap(latencyRows),
    ...measured.loads.map(throughputRow),
    ...measured.loads.map(cpuRow),
    ...memoryRows(measured),
    ...processRows(measured),
  ];
}

function latencyRows({ page, p50, p99 }: Latency): readonly Row[] {
  const rowOf = (name: "p50" | "p99", rounds: Latency["p50"], limitMs: number): Row => {
    const { direct } = rounds;
    const added = (peer: PeerName) => perRound(rounds[peer], direct, (a, b) => a - b);
    const all = { sidecar: added("sidecar"), go: added("go"), nginx: added("nginx") };
    const values = compared(all, (a, b) => a - b);
    const what = `added latency ${name}, ${page.name}, ms`;
    const row: Row = { what, ...values, comparison: "difference", digits: 3 };
    const met = values.sidecar <= limitMs && values.toGo <= 0;
    return withBar(row, page, { bar: `≤ ${limitMs} and ≤ Go`, met });
  };
  return [rowOf("p50", p50, 0.25), rowOf("p99", p99, 1.5)];
}

function throughputRow({ page, requestsPerSecond }: Load): Row {
  const values = compared(requestsPerSecond, (a, b) => a / b);
  const what = `scrapes per second, ${page.name}`;
  const row: Row = { what, ...values, comparison: "ratio", digits: 0 };
  return withBar(row, page, { bar: "≥ 1.3 × Go", met: values.toGo >= 1.3 });
}

function cpuRow({ page, cpuMicros }: Load): Row {
  const values = compared(cpuMicros, (a, b) => a / b);
  const what = `CPU per scrape, ${page.name}, µs`;
  const row: Row = { what, ...values, comparison: "ratio", digits: 1 };
  return withBar(row, page, { bar: "≤ 1 × Go", met: values.toGo <= 1 });
}

/** The bars speak of the page that a scrape ordinarily is; the other pages are for knowledge. */
function withBar(row: Row, page: Page, bar: { bar: string; met: boolean }): Row {
  return page.name === GZIP_10.name ? { ...row, ...bar } : row;
}

function compared(rounds: Rounds, compare: (a: number, b: number) => number) {
  return {
    sidecar: median(rounds.sidecar),
    go: median(rounds.go),
    nginx: median(rounds.nginx),
    toGo: median(perRound(rounds.sidecar, rounds.go, compare)),
    toNginx: median(perRound(rounds.sidecar, rounds.nginx, compare)),
  };
}

function memoryRows({ idleMiB, loadedMiB, afterLoadMiB, slowReader }: Measured): readonly Row[] {
  const { sidecar, go } = slowReader;
  const grownMiB = sidecar.secondHalfMiB - sidecar.firstHalfMiB;
  const slow = "500 MB to a slow reader, RssAnon, MiB:";
  const flat = { bar: `flat: ≤ ${FLAT_MIB} more`, met: grownMiB <= FLAT_MIB };
  return [
    { what: "RssAnon idle, MiB", ...idleMiB, digits: 1, ...atMost(4, idleMiB.sidecar) },
    { what: "RssAnon at the end of the load, MiB", ...loadedMiB, digits: 1 },
    {
      what: "RssAnon 10 s after the load, MiB",
      ...afterLoadMiB,
      digits: 1,
      ...atMost(12, afterLoadMiB.sidecar),
    },
    { what: `${slow} before`, sidecar: sidecar.idleMiB, go: go.idleMiB, digits: 1 },
    {
      what: "  peak of the first 4 s",
      sidecar: sidecar.firstHalfMiB,
      go: go.firstHalfMiB,
      digits: 1,
    },
    {
      what: "  peak of the next 4 s",
      sidecar: sidecar.secondHalfMiB,
      go: go.secondHalfMiB,
      digits: 1,
      ...flat,
    },
  ];
}

function atMost(limit: number, value: number) {
  return { bar: `≤ ${limit}`, met: value <= limit };
}

function processRows({ starts, firstCaptureMs }: Measured): readonly Row[] {
  const startMs = median(starts.sidecar);
  return [
    {
      what: "exec to first answer, ms",
      sidecar: startMs,
      go: median(starts.go),
      digits: 1,
      ...atMost(15, startMs),
    },
    { what: "SIGTERM to first whole capture, ms", sidecar: median(firstCaptureMs), digits: 1 },
  ];
}
