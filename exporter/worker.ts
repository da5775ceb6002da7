/** The worker thread: a start message -> a snapshot posted after each cycle, until it is terminated. */
import { createLogger, type LogFormat, type Logger, type LogLevel } from "../shared/log.ts";
import { type CollectorSettings, createCollector, type Memory } from "./collector.ts";
import type { Snapshot } from "./snapshot.ts";

/** The one message that the main thread sends. */
export interface WorkerStart {
  readonly settings: CollectorSettings;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** What a predecessor remembered. */
  readonly memory: Uint8Array<ArrayBuffer> | undefined;
}

/** What the worker sends after each cycle. */
export interface WorkerReport {
  readonly snapshot: Snapshot;
  /** For the next worker. Bytes, so that the main thread never spends time on them. */
  readonly memory: Uint8Array<ArrayBuffer>;
}

addEventListener("message", ({ data }: MessageEvent<WorkerStart>) => {
  const log = createLogger(data.log);
  run(data, log).catch((error: unknown) => {
    log.error("The worker failed", { error });
    // Ends this thread alone; the main thread replaces it.
    process.exit(1);
  });
});

async function run({ settings, memory }: WorkerStart, log: Logger): Promise<never> {
  const tools = { fetch, now: Date.now, log };
  const collector = createCollector(settings, tools, decode(memory));
  for (;;) {
    const startedAtMs = performance.now();
    const snapshot = await collector.cycle();
    post({ snapshot, memory: encode(collector.memory()) });
    // A late cycle is followed by the next one at once, but never met by it.
    const elapsedMs = performance.now() - startedAtMs;
    await Bun.sleep(Math.max(0, settings.intervalMs - elapsedMs));
  }
}

function post(report: WorkerReport): void {
  const { plain, gzip } = report.snapshot;
  postMessage(report, [plain.buffer, gzip.buffer, report.memory.buffer]);
}

function encode(memory: Memory): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(memory));
}

function decode(bytes: Uint8Array | undefined): Memory | undefined {
  // Written by `encode` of the same build, in the same process.
  return bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes));
}
