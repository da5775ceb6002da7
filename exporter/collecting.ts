/** Targets -> a supervised worker that collects them while it should, and pages from it. */
import type { Logger } from "../shared/log.ts";
import type { ExporterConfig } from "./config.ts";
import type { ExporterLabels } from "./facts.ts";
import { collectorSettings } from "./settings.ts";
import type { Snapshot } from "./snapshot.ts";
import { type Supervisor, superviseWorker } from "./supervisor.ts";
import type { Target } from "./targets/target.ts";

export interface CollectingOptions {
  readonly config: ExporterConfig;
  readonly exporter: ExporterLabels;
  /** Whether `fetch` goes through a proxy. */
  readonly proxied: boolean;
  readonly targets: readonly Target[];
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onLoss: (why: "ended" | "hung") => void;
  readonly log: Logger;
}

/** Collecting that begins and ends, as a replica begins and ends to lead. */
export interface Collecting {
  /** `holds`: whether a collection may begin; always by default. */
  start(holds?: () => boolean): void;
  /** At once: nothing more comes of what is under way. Resolves when nothing is under way any more. */
  stop(): Promise<void>;
  /** From now on these targets; a collection under way is given up. */
  configure(targets: readonly Target[]): void;
}

/**
 * How long a worker may take to show that it lives: it gives a sign every second except while it builds
 * a page, and half a minute of silence is no work any more.
 */
const LIMITS = { restartDelayMs: 5000, silenceMs: 30_000, pageGraceMs: 30_000 };

/** Nothing is collected before `start`. */
export function createCollecting(options: CollectingOptions): Collecting {
  const { config, log, onSnapshot, onLoss } = options;
  let { targets } = options;
  let worker: Supervisor | undefined;
  const settings = () => collectorSettings(config, { ...options, targets });
  return {
    start: (holds = () => true) => {
      worker ??= superviseWorker({
        holds,
        spawn: () => new Worker(new URL("./worker.ts", import.meta.url).href),
        start: {
          settings: settings(),
          log: { level: config.logLevel, format: config.logFormat },
          jitterMs: config.startJitter,
        },
        onSnapshot,
        onLoss,
        limits: LIMITS,
        log,
      });
    },
    stop: async () => {
      const stopped = worker?.stop();
      worker = undefined;
      await stopped;
    },
    configure: (next) => {
      targets = next;
      worker?.configure(settings());
    },
  };
}
