/** Load on every proxy in turn: requests per second (wrk) and processor time per request. */
import type { Running } from "../executables.ts";
import { cpuMicros } from "../processes.ts";
import { noRounds, type Rounds, rotated } from "../row.ts";
import { wrk } from "../wrk.ts";
import { PAGES, type Page } from "./pages.ts";
import { type Bench, PEER_NAMES, type PeerName, type Peers } from "./peers.ts";
import { SCRAPE_HEADERS } from "./scrape.ts";

/** Connections of the load. */
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;

/** Numbers of one page, one entry a round. */
export interface Load {
  readonly page: Page;
  readonly requestsPerSecond: Rounds<PeerName>;
  readonly cpuMicros: Rounds<PeerName>;
}

export function createLoads(): readonly Load[] {
  return PAGES.map((page) => ({
    page,
    requestsPerSecond: noRounds(PEER_NAMES),
    cpuMicros: noRounds(PEER_NAMES),
  }));
}

/** Lets every proxy compile and fill what it compiles and fills once. */
export async function warmUp(bench: Bench, peers: Peers): Promise<void> {
  for (const name of PEER_NAMES) {
    await scrape(bench, peers[name], { page: PAGES[0] as Page, seconds: WARM_UP_SECONDS });
  }
}

/** One run of every page through every proxy; who begins changes from round to round. */
export async function loadRound(
  bench: Bench,
  peers: Peers,
  round: { readonly number: number; readonly seconds: number; readonly loads: readonly Load[] },
): Promise<void> {
  for (const load of round.loads) {
    for (const name of rotated(PEER_NAMES, round.number)) {
      const { pid } = peers[name];
      const before = cpuMicros(pid);
      const run = { page: load.page, seconds: round.seconds };
      const { requests, perSecond } = await scrape(bench, peers[name], run);
      load.requestsPerSecond[name].push(perSecond);
      load.cpuMicros[name].push((cpuMicros(pid) - before) / requests);
    }
  }
}

function scrape(
  { processes }: Bench,
  { port }: Running,
  { page, seconds }: { readonly page: Page; readonly seconds: number },
) {
  const { path } = page;
  const load = { port, path, headers: SCRAPE_HEADERS, connections: CONNECTIONS, seconds };
  return wrk(processes, load);
}
