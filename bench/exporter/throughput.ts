/** Load on every server in turn: scrapes per second, and processor time per scrape. */
import type { Running } from "../executables.ts";
import { cpuMicros, type Processes } from "../processes.ts";
import { noRounds, type Rounds, rotated } from "../row.ts";
import { wrk } from "../wrk.ts";
import { SERVER_NAMES, type ServerName, type Servers } from "./peers.ts";
import { ENCODINGS, type Encoding, fetchPage, PATH, scrapeHeaders } from "./scrape.ts";

/** As many as Prometheus servers of a pair that scrape the same. */
const CONNECTIONS = 2;
const WARM_UP_SECONDS = 2;

/** Numbers of one encoding, one entry a round. */
export interface Throughput {
  readonly encoding: Encoding;
  readonly perSecond: Rounds<ServerName>;
  readonly cpuMicros: Rounds<ServerName>;
  /** Of the original, whose scrapes come one after the other. */
  readonly originalPerSecond: number[];
}

export function createThroughputs(): readonly Throughput[] {
  return ENCODINGS.map((encoding) => ({
    encoding,
    perSecond: noRounds(SERVER_NAMES),
    cpuMicros: noRounds(SERVER_NAMES),
    originalPerSecond: [],
  }));
}

/** Lets every server compile and fill what it compiles and fills once. */
export async function warmUp(processes: Processes, servers: Servers): Promise<void> {
  for (const encoding of ENCODINGS) {
    for (const name of SERVER_NAMES) {
      await load(processes, servers[name], { encoding, seconds: WARM_UP_SECONDS });
    }
  }
}

/** One run of both encodings on every server; who begins changes from round to round. */
export async function throughputRound(
  processes: Processes,
  peers: { readonly servers: Servers; readonly original: Running },
  round: {
    readonly number: number;
    readonly seconds: number;
    readonly throughputs: readonly Throughput[];
  },
): Promise<void> {
  const { servers, original } = peers;
  const { seconds } = round;
  for (const throughput of round.throughputs) {
    const { encoding } = throughput;
    for (const name of rotated(SERVER_NAMES, round.number)) {
      const before = cpuMicros(servers[name].pid);
      const { requests, perSecond } = await load(processes, servers[name], { encoding, seconds });
      throughput.perSecond[name].push(perSecond);
      throughput.cpuMicros[name].push((cpuMicros(servers[name].pid) - before) / requests);
    }
    const timesMs = await scrapeTimes(original.port, encoding, seconds);
    const totalMs = timesMs.reduce((sum, ms) => sum + ms, 0);
    throughput.originalPerSecond.push((timesMs.length * 1000) / totalMs);
  }
}

/** Scrapes again and again for so long, at least once; gives how long each took, in milliseconds. */
export async function scrapeTimes(
  port: number,
  encoding: Encoding,
  seconds: number,
): Promise<readonly number[]> {
  const timesMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  do {
    const askedMs = performance.now();
    await fetchPage(port, encoding);
    timesMs.push(performance.now() - askedMs);
  } while (performance.now() < endMs);
  return timesMs;
}

function load(
  processes: Processes,
  { port }: Running,
  { encoding, seconds }: { readonly encoding: Encoding; readonly seconds: number },
) {
  const headers = scrapeHeaders(encoding);
  return wrk(processes, { port, path: PATH, headers, connections: CONNECTIONS, seconds });
}
