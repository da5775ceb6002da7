/** A way to start the worker -> a worker that is always there: one that ends or hangs is replaced. */
import type { Logger } from "../shared/log.ts";
import type { CollectorSettings } from "./collector.ts";
import { take } from "./handover.ts";
import { answerGate } from "./leader/gate.ts";
import type { Snapshot } from "./snapshot.ts";
import type { WorkerOrder, WorkerReport, WorkerStart } from "./worker.ts";

export interface SupervisorOptions {
  /** Starts a worker thread. */
  readonly spawn: () => Worker;
  /** What each worker is told first, but for its predecessor's memory. */
  readonly start: Omit<WorkerStart, "memory" | "kind" | "gate">;
  /** Whether a collection may begin; asked before each. */
  readonly holds: () => boolean;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Called when a worker has ended without being asked to, or was ended because it hung. */
  readonly onLoss: (why: "ended" | "hung") => void;
  readonly limits: SupervisorLimits;
  readonly log: Logger;
}

/** Durations in milliseconds. */
export interface SupervisorLimits {
  /** How long to wait before the next worker. */
  readonly restartDelayMs: number;
  /** A worker that gives no sign of life for so long hangs. */
  readonly silenceMs: number;
  /** Beyond deadline and interval of a cycle: a worker without a page for longer hangs, alive or not. */
  readonly pageGraceMs: number;
}

/** A worker that is kept alive until `stop`. */
export interface Supervisor {
  /** New settings, for this worker and all that follow. */
  configure(settings: CollectorSettings): void;
  /** Ends the worker at once; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a worker, and another one whenever it errors, closes or hangs. */
export function superviseWorker(options: SupervisorOptions): Supervisor {
  const { spawn, holds, onSnapshot, onLoss, limits, log } = options;
  let { start } = options;
  let memory: Uint8Array<ArrayBuffer> | undefined;
  let timer: Timer | undefined;
  let worker: Worker | undefined;
  const silence = createWatchdog(() => hang("no sign of life"));
  const pages = createWatchdog(() => hang("no page"));
  const pageLimitMs = () => {
    const { intervalMs, deadlineMs } = start.settings;
    return start.jitterMs + intervalMs + deadlineMs + limits.pageGraceMs;
  };

  const lose = (lost: Worker, why: "ended" | "hung", fields: object) => {
    // An error is followed by a close, and a worker that we stopped closes too.
    if (worker !== lost) return;
    worker = undefined;
    silence.stop();
    pages.stop();
    onLoss(why);
    const delay_ms = limits.restartDelayMs;
    log.error("The worker is lost, another one follows", { why, ...fields, delay_ms });
    timer = setTimeout(begin, limits.restartDelayMs);
  };
  const hang = (missing: string) => {
    const hung = worker;
    if (hung === undefined) return;
    lose(hung, "hung", { missing });
    hung.terminate();
  };
  const begin = () => {
    const one = spawn();
    worker = one;
    one.addEventListener("message", ({ data }: MessageEvent<WorkerReport>) => {
      // Taken also from a worker that was given up, since nobody else will.
      const snapshot = data.kind === "page" ? take(data.snapshot) : undefined;
      if (worker !== one) return;
      silence.expect(limits.silenceMs);
      if (data.kind === "beat" || snapshot === undefined) return;
      pages.expect(pageLimitMs());
      memory = data.memory;
      onSnapshot(snapshot);
    });
    one.addEventListener("error", ({ message }) => lose(one, "ended", { error: message }));
    one.addEventListener("close", ({ code }) => lose(one, "ended", { code }));
    silence.expect(limits.silenceMs);
    pages.expect(pageLimitMs());
    const { port1, port2: gate } = new MessageChannel();
    answerGate(port1, holds);
    one.addEventListener("close", () => port1.close());
    const first: WorkerOrder = { kind: "start", ...start, gate, memory };
    // Handed over for good: if this worker delivers nothing, nobody is to have it again.
    one.postMessage(first, [gate, ...(memory === undefined ? [] : [memory.buffer])]);
    memory = undefined;
  };

  begin();
  return {
    configure: (settings) => {
      start = { ...start, settings };
      const order: WorkerOrder = { kind: "configure", settings };
      worker?.postMessage(order, []);
      if (worker !== undefined) pages.expect(pageLimitMs());
    },
    stop: async () => {
      clearTimeout(timer);
      silence.stop();
      pages.stop();
      const stopped = worker;
      worker = undefined;
      if (stopped === undefined) return;
      const closed = Promise.withResolvers<void>();
      stopped.addEventListener("close", () => closed.resolve());
      stopped.terminate();
      await closed.promise;
    },
  };
}

/** Calls once if what was expected has not come in time. */
function createWatchdog(onMissed: () => void) {
  let timer: Timer | undefined;
  return {
    expect: (withinMs: number) => {
      clearTimeout(timer);
      timer = setTimeout(onMissed, withinMs);
    },
    stop: () => clearTimeout(timer),
  };
}
