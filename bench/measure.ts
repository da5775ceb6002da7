/** One whole run: everything started, every round, every single measurement; what came out. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { measureFirstCaptures } from "./first-capture.ts";
import { createLatencies, type Latency, latencyRound } from "./latency.ts";
import { createLoads, type Load, loadRound, warmUp } from "./load.ts";
import { startUpstream } from "./nginx.ts";
import type { Options } from "./options.ts";
import { writePages } from "./pages.ts";
import {
  type Bench,
  compileGo,
  copyExecutable,
  PEER_NAMES,
  type PeerName,
  type Peers,
  sidecarCommand,
  startPeers,
} from "./peers.ts";
import { type Processes, privateMiB } from "./processes.ts";
import { measureSlowReader, type SlowReader } from "./slow-reader.ts";
import { measureStarts, type Starts } from "./start.ts";

/** All numbers of a run. */
export interface Measured {
  readonly loads: readonly Load[];
  readonly latencies: readonly Latency[];
  readonly idleMiB: Readonly<Record<PeerName, number>>;
  /** At the end of the last round, garbage included. */
  readonly loadedMiB: Readonly<Record<PeerName, number>>;
  /** After ten quiet seconds: what stays. */
  readonly afterLoadMiB: Readonly<Record<PeerName, number>>;
  readonly starts: Starts;
  readonly slowReader: { readonly sidecar: SlowReader; readonly go: SlowReader };
  readonly firstCaptureMs: readonly number[];
}

export interface Place {
  readonly processes: Processes;
  /** An empty directory of the bench's own. */
  readonly directory: string;
  readonly say: (text: string) => void;
}

/** A collector gives pages back some seconds after its last work. */
const QUIET_MS = 10_000;

export async function measure(options: Options, place: Place): Promise<Measured> {
  const { processes, directory, say } = place;
  say("Preparing: pages, upstream, Go's proxy");
  mkdirSync(join(directory, "pages"));
  await writePages(join(directory, "pages"));
  const upstream = await startUpstream(processes, directory);
  const sidecar = sidecarCommand(copyExecutable(options.executable, directory), upstream.port);
  const origin = `http://127.0.0.1:${upstream.port}`;
  const go = [await compileGo(processes, directory), origin];
  const bench: Bench = { processes, directory, upstream, sidecar, go };

  const underLoad = await measureUnderLoad(options, bench, say);
  say("Starts");
  const starts = await measureStarts(bench);
  say("A slow reader of 500 MB");
  const slowReader = {
    sidecar: await measureSlowReader(bench, sidecar),
    go: await measureSlowReader(bench, go),
  };
  say("First captures");
  return { ...underLoad, starts, slowReader, firstCaptureMs: await measureFirstCaptures(bench) };
}

async function measureUnderLoad(options: Options, bench: Bench, say: Place["say"]) {
  const peers = await startPeers(bench);
  // Idle: started, scraped a few times, and left alone for a moment.
  await Bun.sleep(1000);
  const idleMiB = memory(peers);
  await warmUp(bench, peers);
  const loads = createLoads();
  const latencies = createLatencies();
  for (let number = 0; number < options.rounds; number++) {
    say(`Round ${number + 1} of ${options.rounds}`);
    await loadRound(bench, peers, { number, seconds: options.seconds, loads });
    await latencyRound(bench.upstream, peers, { number, latencies });
  }
  const loadedMiB = memory(peers);
  say("Quiet");
  await Bun.sleep(QUIET_MS);
  return { loads, latencies, idleMiB, loadedMiB, afterLoadMiB: memory(peers) };
}

function memory(peers: Peers): Record<PeerName, number> {
  const entries = PEER_NAMES.map((name) => [name, privateMiB(peers[name].pid)] as const);
  return Object.fromEntries(entries) as Record<PeerName, number>;
}
