/**
 * Added latency: the same scrapes directly and through each proxy, on one kept connection, one after
 * the other. Without a pause between them the processor stays awake and its caches warm, so what is
 * left is the proxy's own work and not the machine's waking up; the client's own costs are in both
 * numbers and go out in the difference.
 */
import { scrapeBytes, scrapeTimes } from "./client.ts";
import { rotated } from "./load.ts";
import type { Running } from "./nginx.ts";
import { PAGES, type Page } from "./pages.ts";
import { PEER_NAMES, type PeerName, type Peers } from "./peers.ts";
import { percentile } from "./statistics.ts";

/** Scrapes of one page through one proxy in one round: ten of them are slower than the p99. */
const SCRAPES = 1000;

type Way = PeerName | "direct";

/** Milliseconds of one page, one entry a round. */
export interface Latency {
  readonly page: Page;
  readonly p50: Readonly<Record<Way, number[]>>;
  readonly p99: Readonly<Record<Way, number[]>>;
}

const noRounds = () => ({ direct: [], sidecar: [], go: [], nginx: [] });

export function createLatencies(): readonly Latency[] {
  return PAGES.map((page) => ({ page, p50: noRounds(), p99: noRounds() }));
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
    for (const name of rotated([...PEER_NAMES, "direct"] as const, round.number)) {
      const times = await scrapeTimes(ways[name].port, request, SCRAPES);
      p50[name].push(percentile(times, 0.5));
      p99[name].push(percentile(times, 0.99));
    }
  }
}
