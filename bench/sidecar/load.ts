/** Load on every proxy in turn: requests per second (wrk) and processor time per request. */
import { cpuMicros } from "../processes.ts";
import { noRounds, type Rounds, rotated } from "../row.ts";
import { PAGES, type Page } from "./pages.ts";
import { type Bench, PEER_NAMES, type PeerName, type Peers } from "./peers.ts";
import { SCRAPE_HEADERS } from "./scrape.ts";

/** Connections of the load; one thread of wrk serves them all. */
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
    await wrk(bench, { port: peers[name].port, page: PAGES[0] as Page, seconds: WARM_UP_SECONDS });
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
      const { pid, port } = peers[name];
      const before = cpuMicros(pid);
      const { requests, perSecond } = await wrk(bench, {
        port,
        page: load.page,
        seconds: round.seconds,
      });
      load.requestsPerSecond[name].push(perSecond);
      load.cpuMicros[name].push((cpuMicros(pid) - before) / requests);
    }
  }
}

interface Run {
  readonly port: number;
  readonly page: Page;
  readonly seconds: number;
}

async function wrk({ processes }: Bench, { port, page, seconds }: Run) {
  const headers = Object.entries(SCRAPE_HEADERS).flatMap(([k, v]) => ["-H", `${k}: ${v}`]);
  const output = await processes.run([
    "wrk",
    "--threads=1",
    `--connections=${CONNECTIONS}`,
    `--duration=${seconds}s`,
    ...headers,
    `http://127.0.0.1:${port}${page.path}`,
  ]);
  // A proxy that fails fast must not look like one that answers fast.
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`Load on ${page.path}: ${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (!(requests > 0 && perSecond > 0)) throw new Error(`wrk answered nothing usable: ${output}`);
  return { requests, perSecond };
}
