/** A way to start the worker -> a worker that is always there: one that ends is replaced. */
import type { Logger } from "../shared/log.ts";
import type { Snapshot } from "./snapshot.ts";
import type { WorkerReport, WorkerStart } from "./worker.ts";

export interface SupervisorOptions {
  /** Starts a worker thread. */
  readonly spawn: () => Worker;
  /** What each worker is told first, but for its predecessor's memory. */
  readonly start: Omit<WorkerStart, "memory">;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Called when a worker has ended without being asked to. */
  readonly onLoss: () => void;
  /** How long to wait before the next worker, in milliseconds. */
  readonly restartDelayMs: number;
  readonly log: Logger;
}

/** A worker that is kept alive until `stop`. */
export interface Supervisor {
  stop(): void;
}

/** Starts a worker, and another one whenever it errors or closes. */
export function superviseWorker(options: SupervisorOptions): Supervisor {
  const { spawn, start, onSnapshot, onLoss, restartDelayMs, log } = options;
  let memory: Uint8Array<ArrayBuffer> | undefined;
  let timer: Timer | undefined;
  let worker: Worker | undefined;

  const lose = (lost: Worker, fields: object) => {
    // An error is followed by a close, and a worker that we stopped closes too.
    if (worker !== lost) return;
    worker = undefined;
    onLoss();
    log.error("The worker ended, another one follows", { ...fields, delay_ms: restartDelayMs });
    timer = setTimeout(begin, restartDelayMs);
  };
  const begin = () => {
    const one = spawn();
    worker = one;
    one.addEventListener("message", ({ data }: MessageEvent<WorkerReport>) => {
      if (worker !== one) return;
      memory = data.memory;
      onSnapshot(data.snapshot);
    });
    one.addEventListener("error", ({ message }) => lose(one, { error: message }));
    one.addEventListener("close", ({ code }) => lose(one, { code }));
    const first: WorkerStart = { ...start, memory };
    // Handed over for good: if this worker delivers nothing, nobody is to have it again.
    one.postMessage(first, memory === undefined ? [] : [memory.buffer]);
    memory = undefined;
  };

  begin();
  return {
    stop: () => {
      clearTimeout(timer);
      const stopped = worker;
      worker = undefined;
      stopped?.terminate();
    },
  };
}
