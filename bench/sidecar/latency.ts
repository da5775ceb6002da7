/**
 * Added latency: the same scrapes directly and through each proxy, on one kept connection, one after
 * the other. Without a pause between them the processor stays awake and its caches warm, so what is
 * left is the proxy's own work and not the machine's waking up; the client's own costs are in both
 * numbers and go out in the difference.
 */
import type { Running } from "../executables.ts";
import { noRounds, type Rounds, rotated } from "../row.ts";
import { percentile } from "../statistics.ts";
import { PAGES, type Page } from "./pages.ts";
import { PEER_NAMES, type Peers } from "./peers.ts";
import { scrapeBytes, scrapeTimes } from "./scrape.ts";

/** Scrapes of one page through one proxy in one round: ten of them are slower than the p99. */
const SCRAPES = 1000;

const WAYS = [...PEER_NAMES, "direct"] as const;
type Way = (typeof WAYS)[number];

/** Milliseconds of one page, one entry a round. */
export interface Latency {
  readonly page: Page;
  readonly p50: Rounds<Way>;
  readonly p99: Rounds<Way>;
}

export function createLatencies(): readonly Latency[] {
  return PAGES.map((page) => ({ page, p50: noRounds(WAYS), p99: noRounds(WAYS) }));
}

/** One run of every page on every way; who begins changes from round to round. */
export async function latencyRound(
  upstream: Running,
  peers: Peers,
  round: { readonly number: number; readonly latencies: readonly Latency[] },
): Promise<void> {
  const ways = { ...peers, direct: upstream };
  for (const { page, p50, p99 } of round.latencies) {
    const request = scrapeBytes(page.path);
    for (const name of rotated(WAYS, round.number)) {
      const times = await scrapeTimes(ways[name].port, request, SCRAPES);
      p50[name].push(percentile(times, 0.5));
      p99[name].push(percentile(times, 0.99));
    }
  }
}
