/** Start: from exec to the first whole 200, of the sidecar and of Go's proxy in turn. */
import { measureStarts } from "../executables.ts";
import { GZIP_10 } from "./pages.ts";
import { type Bench, startProxy } from "./peers.ts";
import { scrapeBytes, scrapeTimes } from "./scrape.ts";

/** Milliseconds, one entry a start. */
export type Starts = Readonly<Record<"sidecar" | "go", readonly number[]>>;

/** The port comes from the log, so nothing polls and takes processor time from the start itself. */
export async function measureProxyStarts({ processes, sidecar, go }: Bench): Promise<Starts> {
  const request = scrapeBytes(GZIP_10.path);
  return await measureStarts({ sidecar, go }, async (command) => {
    const startedMs = performance.now();
    const { child, port } = await startProxy(processes, command);
    await scrapeTimes(port, request, 1);
    const tookMs = performance.now() - startedMs;
    await processes.stop(child);
    return tookMs;
  });
}
