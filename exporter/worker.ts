/** The worker thread: settings -> a snapshot posted after each cycle, until it is terminated. */
import { sleep } from "../shared/lifecycle.ts";
import { createLogger, type LogFormat, type Logger, type LogLevel } from "../shared/log.ts";
import {
  type Collector,
  type CollectorSettings,
  createCollector,
  type Memory,
} from "./collector.ts";
import { type LentSnapshot, lend } from "./handover.ts";
import { createGate } from "./leader/gate.ts";
import { delayToNextMs } from "./schedule.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the main thread sends: first of all a start, then new settings whenever they change. */
export type WorkerOrder =
  | {
      readonly kind: "start";
      readonly settings: CollectorSettings;
      readonly log: { readonly level: LogLevel; readonly format: LogFormat };
      /** The first cycle begins at a random time within this, in milliseconds. */
      readonly jitterMs: number;
      /** Where to ask whether a collection may begin. */
      readonly gate: MessagePort;
      /** What a predecessor remembered. */
      readonly memory: Uint8Array<ArrayBuffer> | undefined;
    }
  | { readonly kind: "configure"; readonly settings: CollectorSettings };

export type WorkerStart = Extract<WorkerOrder, { kind: "start" }>;

/** What the worker sends. */
export type WorkerReport =
  | {
      readonly kind: "page";
      readonly snapshot: LentSnapshot;
      /** For the next worker. Bytes, so that the main thread never spends time on them. */
      readonly memory: Uint8Array<ArrayBuffer>;
    }
  /** A sign of life, every {@link BEAT_MS}. */
  | { readonly kind: "beat" };

/** Time from one sign of life to the next, in milliseconds. */
export const BEAT_MS = 1000;

/** Pause after a no; whoever says it ends this thread within moments, unless it changes its mind. */
const REFUSED_MS = 200;

let running: { readonly collector: Collector; settings: CollectorSettings } | undefined;
let wake = new AbortController();

addEventListener("message", ({ data }: MessageEvent<WorkerOrder>) => {
  if (data.kind === "configure") {
    if (running === undefined) return;
    running.settings = data.settings;
    running.collector.configure(data.settings);
    wake.abort();
    return;
  }
  const log = createLogger(data.log);
  setInterval(() => postMessage({ kind: "beat" } satisfies WorkerReport), BEAT_MS);
  run(data, log).catch((error: unknown) => {
    log.error("The worker failed", { error });
    // Ends this thread alone; the main thread replaces it.
    process.exit(1);
  });
});

async function run({ settings, memory, jitterMs, gate }: WorkerStart, log: Logger): Promise<never> {
  const tools = {
    fetch,
    now: Date.now,
    monotonicNow: () => performance.now(),
    sleep,
    random: Math.random,
    log,
  };
  const collector = createCollector(settings, tools, decode(memory));
  const may = createGate(gate);
  running = { collector, settings };
  let blindCycles = 0;
  await sleep(jitterMs * Math.random(), wake.signal);
  for (;;) {
    wake = new AbortController();
    // A process that was stopped for a while may lead no longer, and not have heard of it yet.
    if (!(await may())) {
      await sleep(REFUSED_MS, wake.signal);
      continue;
    }
    const startedMs = performance.now();
    const snapshot = await collector.cycle();
    // New settings came meanwhile: at once again, with them.
    if (snapshot === undefined) continue;
    post(snapshot, encode(collector.memory()));
    // What the page was made from is several times its size, and the next cycle is a minute away.
    Bun.gc(true);
    blindCycles = collector.blind ? blindCycles + 1 : 0;
    const elapsedMs = performance.now() - startedMs;
    const { intervalMs } = running.settings;
    await sleep(delayToNextMs({ intervalMs, elapsedMs, blindCycles }), wake.signal);
  }
}

function post(snapshot: Snapshot, memory: Uint8Array<ArrayBuffer>): void {
  const report: WorkerReport = { kind: "page", snapshot: lend(snapshot), memory };
  postMessage(report, [memory.buffer]);
}

function encode(memory: Memory): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(memory));
}

function decode(bytes: Uint8Array | undefined): Memory | undefined {
  // Written by `encode` of the same build, in the same process.
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
}
