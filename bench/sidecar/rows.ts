/** Numbers of a run -> rows: the medians, what they are to the other proxies, the bar, and whether it is met. */
import { atMost, compared, type Row } from "../row.ts";
import { median, perRound } from "../statistics.ts";
import { memoryRows } from "../under-load.ts";
import type { Latency } from "./latency.ts";
import type { Load } from "./load.ts";
import type { Measured } from "./measure.ts";
import { GZIP_10, type Page, PLAIN_140 } from "./pages.ts";
import { PEER_NAMES, type PeerName } from "./peers.ts";

/** How much private memory may grow in the second half of a long transfer and still be flat, in MiB. */
const FLAT_MIB = 4;

/** Most private memory that a long transfer may take, in MiB. */
const MOST_MIB = 24;

/** All rows of a run, in the order of the table. */
export function rowsOf(measured: Measured): readonly Row[] {
  return [
    ...measured.latencies.flatMap(latencyRows),
    ...measured.loads.map(throughputRow),
    ...measured.loads.map(cpuRow),
    ...memoryRows(measured, "sidecar", { idleMiB: 3, afterLoadMiB: 9 }),
    ...slowReaderRows(measured),
    ...processRows(measured),
  ];
}

function latencyRows({ page, p50, p99 }: Latency): readonly Row[] {
  const rowOf = (name: "p50" | "p99", rounds: Latency["p50"], limitMs: number): Row => {
    const { direct } = rounds;
    const added = (peer: PeerName) => perRound(rounds[peer], direct, (a, b) => a - b);
    const all = { sidecar: added("sidecar"), go: added("go"), nginx: added("nginx") };
    const numbers = compared(all, PEER_NAMES, "difference");
    const row: Row = { what: `added latency ${name}, ${page.name}, ms`, ...numbers, digits: 3 };
    const { values, to } = numbers;
    const met = (values.sidecar ?? NaN) <= limitMs && (to.go ?? NaN) <= 0;
    return withBar(row, page, { bar: `≤ ${limitMs} and ≤ Go`, met });
  };
  return [rowOf("p50", p50, 0.25), rowOf("p99", p99, 1.5)];
}

function throughputRow({ page, requestsPerSecond }: Load): Row {
  const numbers = compared(requestsPerSecond, PEER_NAMES, "ratio");
  const row: Row = { what: `scrapes per second, ${page.name}`, ...numbers, digits: 0 };
  const least = page.name === PLAIN_140.name ? 1.5 : 1.8;
  return { ...row, bar: `≥ ${least} × Go`, met: (numbers.to.go ?? NaN) >= least };
}

function cpuRow({ page, cpuMicros }: Load): Row {
  const numbers = compared(cpuMicros, PEER_NAMES, "ratio");
  const row: Row = { what: `CPU per scrape, ${page.name}, µs`, ...numbers, digits: 1 };
  return withBar(row, page, { bar: "≤ 0.7 × Go", met: (numbers.to.go ?? NaN) <= 0.7 });
}

/** These bars speak of the page that a scrape ordinarily is; the other pages are for knowledge. */
function withBar(row: Row, page: Page, bar: { bar: string; met: boolean }): Row {
  return page.name === GZIP_10.name ? { ...row, ...bar } : row;
}

function slowReaderRows({ slowReader: { sidecar, go } }: Measured): readonly Row[] {
  const grownMiB = sidecar.secondHalfMiB - sidecar.firstHalfMiB;
  const most = Math.max(sidecar.firstHalfMiB, sidecar.secondHalfMiB);
  const met = grownMiB <= FLAT_MIB && most <= MOST_MIB;
  const flat = { bar: `≤ ${MOST_MIB}, flat: ≤ ${FLAT_MIB} more`, met };
  const rowOf = (what: string, part: "idleMiB" | "firstHalfMiB" | "secondHalfMiB"): Row => ({
    what,
    values: { sidecar: sidecar[part], go: go[part] },
    digits: 1,
  });
  return [
    rowOf("500 MB to a slow reader, RssAnon, MiB: before", "idleMiB"),
    rowOf("  peak of the first 4 s", "firstHalfMiB"),
    { ...rowOf("  peak of the next 4 s", "secondHalfMiB"), ...flat },
  ];
}

function processRows({ starts, firstCaptureMs }: Measured): readonly Row[] {
  const sidecar = median(starts.sidecar);
  return [
    {
      what: "exec to first answer, ms",
      values: { sidecar, go: median(starts.go) },
      digits: 1,
      ...atMost(12, sidecar),
    },
    {
      what: "SIGTERM to first whole capture, ms",
      values: { sidecar: median(firstCaptureMs) },
      digits: 1,
    },
  ];
}
