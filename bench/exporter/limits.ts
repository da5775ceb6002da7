/**
 * Whether the exporter lives within the limits of a container: `just build exporter` and then, as root,
 * `bun bench/exporter/limits.ts [--seconds 60] [--only 128Mi]`. A row is printed as soon as it is measured.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Processes } from "../processes.ts";
import { percentile } from "../statistics.ts";
import { type Fleet, LARGE, startCloud } from "./cloud.ts";
import { AT_ONCE, type Bench, type Confined, runConfined } from "./confined.ts";
import { CONTROLLERS, type Limits } from "./group.ts";

/** Each with as much CPU as there is, and some with the quota that a limit of CPU is. */
const LIMITS: readonly Limits[] = [
  { memoryMiB: 64 },
  { memoryMiB: 96 },
  { memoryMiB: 128 },
  { memoryMiB: 128, milliCpu: 50 },
  { memoryMiB: 128, milliCpu: 100 },
  { memoryMiB: 256 },
  { memoryMiB: 256, milliCpu: 200 },
  { memoryMiB: 512 },
];

const SMALL: Fleet = { loadBalancers: 3, servers: 2 };
/** By the number of series that their page has. */
const SIZES: readonly (readonly [series: string, Fleet])[] = [
  ["50", SMALL],
  ["1,000", { loadBalancers: 10, servers: 19 }],
  ["10,000", { loadBalancers: 100, servers: 19 }],
  ["30,000", { loadBalancers: 300, servers: 19 }],
  ["100,000", LARGE],
];

const COLUMNS: readonly (readonly [title: string, cell: (run: Confined) => string])[] = [
  ["ready s", ({ readyMs }) => (readyMs === undefined ? "never" : (readyMs / 1000).toFixed(1))],
  ["p50 ms", ({ scrapesMs }) => share(scrapesMs, 0.5)],
  ["p99 ms", ({ scrapesMs }) => share(scrapesMs, 0.99)],
  [`${AT_ONCE} at once ms`, ({ atOnceMs }) => share(atOnceMs, 1)],
  ["failed", ({ failed }) => String(failed)],
  ["RSS MiB", ({ residentMiB }) => residentMiB?.toFixed(0) ?? "-"],
  ["OOM kills", ({ counted }) => String(counted.oomKills)],
  ["pages read again", ({ counted }) => String(counted.refaults)],
  ["throttled s", ({ counted }) => (counted.throttledMs / 1000).toFixed(1)],
];

function share(values: readonly number[], of: number): string {
  return values.length === 0 ? "-" : percentile(values, of).toFixed(1);
}

function print(cells: readonly string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

async function measure(bench: Bench, only: string | undefined): Promise<void> {
  const titles = ["memory", "CPU", "series", ...COLUMNS.map(([title]) => title)];
  print(titles);
  print(titles.map(() => "---"));
  for (const limits of LIMITS) {
    const memory = `${limits.memoryMiB}Mi`;
    if (only !== undefined && only !== memory) continue;
    for (const [series, fleet] of SIZES) {
      await bench.cloud.setFleet(fleet);
      const run = await runConfined(bench, limits);
      const cpu = limits.milliCpu === undefined ? "-" : `${limits.milliCpu}m`;
      print([memory, cpu, series, ...COLUMNS.map(([, cell]) => cell(run))]);
      // Larger ones only read more pages again, and keep the disk busy for everybody.
      if (run.readyMs === undefined) break;
    }
  }
}

async function main(): Promise<number> {
  const options = { seconds: { type: "string", default: "60" }, only: { type: "string" } } as const;
  const { seconds, only } = parseArgs({ options }).values;
  const absent = CONTROLLERS.filter((path) => !existsSync(path));
  if (process.getuid?.() !== 0 || absent.length > 0) {
    console.error(`This needs root, and version 1 of control groups: ${CONTROLLERS.join(", ")}`);
    return 1;
  }
  await using stack = new AsyncDisposableStack();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stack.disposeAsync().then(() => process.exit(1)));
  }
  const directory = mkdtempSync(join(tmpdir(), "limits-"));
  stack.defer(() => rmSync(directory, { recursive: true }));
  const processes = stack.use(new Processes());
  const cloud = await startCloud({ processes, directory, stack, say: console.error }, SMALL);
  await measure({ processes, directory, cloud, seconds: Number(seconds) }, only);
  return 0;
}

process.exit(await main());
