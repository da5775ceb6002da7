/** Start: from exec to the first whole 200, of the sidecar and of Go's proxy in turn. */
import { scrapeBytes, scrapeTimes } from "./client.ts";
import { GZIP_10 } from "./pages.ts";
import { type Bench, startLogged } from "./peers.ts";

const STARTS = 12;
/** The first starts bring the executable's pages into memory: the bar is for a warm cache. */
const UNCOUNTED = 2;

/** Milliseconds, one entry a start. */
export interface Starts {
  readonly sidecar: number[];
  readonly go: number[];
}

export async function measureStarts(bench: Bench): Promise<Starts> {
  const starts: Starts = { sidecar: [], go: [] };
  for (let i = 0; i < STARTS + UNCOUNTED; i++) {
    for (const name of ["sidecar", "go"] as const) {
      const ms = await startOnce(bench, bench[name]);
      if (i >= UNCOUNTED) starts[name].push(ms);
    }
  }
  return starts;
}

/** The port comes from the log, so nothing polls and takes processor time from the start itself. */
async function startOnce({ processes }: Bench, command: readonly string[]): Promise<number> {
  const request = scrapeBytes(GZIP_10.path);
  const startedMs = performance.now();
  const { child, port } = await startLogged(processes, command);
  await scrapeTimes(port, request, 1);
  const tookMs = performance.now() - startedMs;
  await processes.stop(child);
  return tookMs;
}
