/** One whole run: everything started, every round, every single measurement; what came out. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "../component.ts";
import { compileGo, copyExecutable } from "../executables.ts";
import type { Options } from "../options.ts";
import { type Memory, underLoad } from "../under-load.ts";
import { measureFirstCaptures } from "./first-capture.ts";
import { createLatencies, type Latency, latencyRound } from "./latency.ts";
import { createLoads, type Load, loadRound, warmUp } from "./load.ts";
import { startUpstream } from "./nginx.ts";
import { writePages } from "./pages.ts";
import { type Bench, sidecarCommand, startPeers } from "./peers.ts";
import { measureSlowReader, type SlowReader } from "./slow-reader.ts";
import { measureProxyStarts, type Starts } from "./start.ts";

/** All numbers of a run. */
export interface Measured extends Memory {
  readonly loads: readonly Load[];
  readonly latencies: readonly Latency[];
  readonly starts: Starts;
  readonly slowReader: { readonly sidecar: SlowReader; readonly go: SlowReader };
  readonly firstCaptureMs: readonly number[];
}

export async function measure(options: Options, place: Place): Promise<Measured> {
  const { processes, directory, say } = place;
  say("Preparing: pages, upstream, Go's proxy");
  mkdirSync(join(directory, "pages"));
  await writePages(join(directory, "pages"));
  const upstream = await startUpstream(processes, directory);
  const sidecar = sidecarCommand(copyExecutable(options.executable, directory), upstream.port);
  const origin = `http://127.0.0.1:${upstream.port}`;
  const go = [await compileGo(processes, directory, "reverse-proxy"), origin];
  const bench: Bench = { processes, directory, upstream, sidecar, go };

  const rounds = await measureRounds(options, bench, say);
  say("Starts");
  const starts = await measureProxyStarts(bench);
  say("A slow reader of 500 MB");
  const slowReader = {
    sidecar: await measureSlowReader(bench, sidecar),
    go: await measureSlowReader(bench, go),
  };
  say("First captures");
  return { ...rounds, starts, slowReader, firstCaptureMs: await measureFirstCaptures(bench) };
}

async function measureRounds({ rounds, seconds }: Options, bench: Bench, say: Place["say"]) {
  const peers = await startPeers(bench);
  const loads = createLoads();
  const latencies = createLatencies();
  const memory = await underLoad(
    { peers, rounds, say },
    {
      warmUp: () => warmUp(bench, peers),
      round: async (number) => {
        await loadRound(bench, peers, { number, seconds, loads });
        await latencyRound(bench.upstream, peers, { number, latencies });
      },
    },
  );
  return { ...memory, loads, latencies };
}
