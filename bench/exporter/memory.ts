/** What an exporter needs by the size of its page, after some cycles and as many scrapes. */
import type { Place } from "../component.ts";
import { within } from "../deadline.ts";
import type { Started } from "../executables.ts";
import { type Memory, memoryOf } from "../processes.ts";
import { FLEETS } from "./cloud.ts";
import { ALWAYS, type Bench, startExporter, startOriginal } from "./peers.ts";
import { fetchPage, pageOf } from "./scrape.ts";

/** Memory at one size of the page. */
export interface Sized {
  /** About how many series the page has, in words. */
  readonly series: string;
  readonly exporter: Memory;
  readonly original: Memory;
}

const CYCLES = 4;
const LOOK_MS = 250;
const LIMIT_MS = 60_000;

/** Starts both anew for each size, one after the other. */
export async function measureMemory(bench: Bench, say: Place["say"]): Promise<Sized[]> {
  const sizes: Sized[] = [];
  for (const [series, fleet] of FLEETS) {
    say(`Memory at ${series} series`);
    await bench.cloud.setFleet(fleet);
    const exporter = await afterCycles(bench, await startExporter(bench, ALWAYS));
    const original = await afterCycles(bench, await startOriginal(bench, ALWAYS));
    sizes.push({ series, exporter, original });
  }
  return sizes;
}

async function afterCycles({ processes }: Bench, { child, pid, port }: Started): Promise<Memory> {
  await within(LIMIT_MS, `${CYCLES} cycles`, cycles(port));
  const memory = memoryOf(pid);
  await processes.stop(child);
  return memory;
}

async function cycles(port: number): Promise<void> {
  while (pageOf(await fetchPage(port, "gzip")).updates < CYCLES) await Bun.sleep(LOOK_MS);
}
