/** One whole run: everything started, every round, every single measurement; what came out. */
import type { Place } from "../component.ts";
import { copyExecutable, type Started } from "../executables.ts";
import type { Options } from "../options.ts";
import { type Fleet, LARGE, startCloud } from "./cloud.ts";
import { type Arrival, arrivals } from "./freshness.ts";
import { measureMemory, type Sized } from "./memory.ts";
import {
  ALWAYS,
  type Bench,
  RARELY,
  type Servers,
  startExporter,
  startOriginal,
  startServers,
  updateMs,
} from "./peers.ts";
import { ENCODINGS, type Encoding, fetchPage, pageOf } from "./scrape.ts";
import { awake, createStalls, type Stalls, stallRound } from "./stall.ts";
import {
  createThroughputs,
  scrapeTimes,
  type Throughput,
  throughputRound,
  warmUp,
} from "./throughput.ts";
import { type Torn, watchTorn } from "./torn.ts";

/** All numbers of a run. */
export interface Measured {
  readonly page: PageSize;
  readonly throughputs: readonly Throughput[];
  readonly stalls: Stalls;
  readonly builds: Builds;
  readonly torn: { readonly exporter: Torn; readonly original: Torn };
  readonly cycles: readonly Arrival[];
  readonly idealCycleMs: number;
  readonly memory: readonly Sized[];
}

/** The large page, in series and bytes. */
export interface PageSize extends Readonly<Record<Encoding, number>> {
  readonly series: number;
}

/** What it takes to have a page of the large fleet. */
export interface Builds {
  /** New pages, one entry each. */
  readonly exporter: readonly Arrival[];
  /** The original's two parts: its gauges filled, and then written out at every single scrape. */
  readonly originalUpdateMs: number;
  readonly originalScrapesMs: readonly number[];
}

const BUILDS = 5;
const BUILDS_LIMIT_MS = 60_000;
/** Small enough for the original to be scraped often. */
const TORN_FLEET: Fleet = { loadBalancers: 100, servers: 19 };
/** Times the length of a round: a page comes only every second. */
const TORN_ROUNDS = 5;

/** The fleet, the delay of a call, and the calls in flight that the design speaks of. */
const CYCLE = { fleet: { loadBalancers: 1000, servers: 3 }, delayMs: 50, concurrency: 8 };
const CYCLES = 3;
const CYCLES_LIMIT_MS = 60_000;

export async function measure(options: Options, place: Place): Promise<Measured> {
  const { processes, directory, say } = place;
  say("Preparing: the simulated cloud, the large page");
  const cloud = await startCloud(place, LARGE);
  const executable = copyExecutable(options.executable, directory);
  const bench: Bench = { processes, directory, cloud, executable };
  const large = await measureLarge(options, place, bench);
  say("Torn pages");
  const torn = await measureTorn(bench, options.seconds * TORN_ROUNDS);
  say("Cycles of a slow cloud");
  const cycles = await measureCycles(bench);
  const idealCycleMs =
    Math.ceil((CYCLE.fleet.loadBalancers + 1) / CYCLE.concurrency) * CYCLE.delayMs;
  const memory = await measureMemory(bench, say);
  return { ...large, torn, cycles, idealCycleMs, memory };
}

/** All that needs the large page, which takes a while to be there everywhere. */
async function measureLarge({ rounds, seconds }: Options, place: Place, bench: Bench) {
  const { processes, say } = place;
  const still = await startExporter(bench, RARELY);
  const stillOriginal = await startOriginal(bench, RARELY);
  const building = await startStopped(startExporter(bench, ALWAYS));
  const original = await startStopped(startOriginal(bench, ALWAYS));
  const servers = await startServers(place, still);
  const page = await sizeOf(servers);
  const throughputs = createThroughputs();
  const stalls = createStalls();
  say("Warming up");
  await warmUp(processes, servers);
  await awake(building, () => arrivals(building.port, 1, BUILDS_LIMIT_MS));
  for (let number = 0; number < rounds; number++) {
    say(`Round ${number + 1} of ${rounds}`);
    const peers = { servers, original: stillOriginal };
    await throughputRound(processes, peers, { number, seconds, throughputs });
    await stallRound({ idle: still, building, original }, seconds, stalls);
  }
  say("Pages built");
  const exporter = await awake(building, () => arrivals(building.port, BUILDS, BUILDS_LIMIT_MS));
  const builds: Builds = {
    exporter,
    originalUpdateMs: await updateMs(original.child),
    originalScrapesMs: await scrapeTimes(stillOriginal.port, "plain", seconds),
  };
  const started = [still, stillOriginal, building, original];
  await Promise.all(started.map(({ child }) => processes.stop(child)));
  return { page, throughputs, stalls, builds };
}

async function startStopped(starting: Promise<Started>): Promise<Started> {
  const started = await starting;
  started.child.kill("SIGSTOP");
  return started;
}

async function sizeOf({ exporter }: Servers): Promise<PageSize> {
  const [plain = 0, gzip = 0] = await Promise.all(
    ENCODINGS.map(async (encoding) => (await fetchPage(exporter.port, encoding)).bytes.length),
  );
  return { plain, gzip, series: pageOf(await fetchPage(exporter.port, "plain")).series };
}

async function measureTorn(bench: Bench, seconds: number) {
  const { cloud, processes } = bench;
  await cloud.setFleet(TORN_FLEET);
  const watch = async ({ child, port }: Started) => {
    const torn = await watchTorn(cloud, port, { fleet: TORN_FLEET, seconds });
    await processes.stop(child);
    return torn;
  };
  return {
    exporter: await watch(await startExporter(bench, ALWAYS)),
    original: await watch(await startOriginal(bench, ALWAYS)),
  };
}

/** Not the original's: one call after the other it would take a minute for each. */
async function measureCycles(bench: Bench): Promise<readonly Arrival[]> {
  const { cloud, processes } = bench;
  const { fleet, delayMs, concurrency } = CYCLE;
  await cloud.setFleet(fleet);
  await cloud.setDelay(delayMs);
  const { child, port } = await startExporter(bench, { ...ALWAYS, concurrency });
  const found = await arrivals(port, CYCLES, CYCLES_LIMIT_MS);
  await processes.stop(child);
  await cloud.setDelay(0);
  return found;
}
