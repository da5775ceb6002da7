/** Files that change, a SIGHUP or a request -> the targets and the web configuration read again, or kept. */
import type { Registry } from "prom-client";
import type { Logger } from "../shared/log.ts";
import { createReloader, type ReloadResult } from "./reload.ts";
import { createReloadMetrics } from "./reload-metrics.ts";
import { targetChanges } from "./targets/changes.ts";
import type { TargetSet } from "./targets/target.ts";
import { watchTargets } from "./targets/watch.ts";
import type { WebListener } from "./web/listen.ts";

export interface ConfigurationOptions {
  /** What is in force. */
  readonly initial: TargetSet;
  /** Reads all of it again. Throws a `ConfigError` where it cannot be used. */
  readonly read: () => Promise<TargetSet>;
  readonly apply: (targets: TargetSet) => void;
  readonly registry: Registry;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What is in force, and whether it is what the files say. */
export interface Configuration {
  /** Reads everything again: the targets, and the web configuration once there is a listener. Never rejects. */
  reload(reason: string): Promise<ReloadResult>;
  /** The listener follows its own files; a reload that is asked for reaches it, too. */
  attach(listener: Pick<WebListener, "reload" | "state">): void;
  /** Why what the files say is not in force, those of the listener included; `undefined` where it is. */
  readonly problem: string | undefined;
  close(): void;
}

/** Follows the files from now on, and reloads on SIGHUP. */
export function createConfiguration(options: ConfigurationOptions): Configuration {
  const { initial, read, apply, registry, log, now } = options;
  let web: Pick<WebListener, "reload" | "state"> | undefined;
  let problems: readonly string[] = [];
  const reloader = createReloader<TargetSet>({
    initial,
    read,
    apply: (set) => {
      watch.follow(set.files);
      apply(set);
    },
    changes: targetChanges,
    log,
    metrics: createReloadMetrics(registry),
    now,
  });
  const reloadTargets = async (reason: string): Promise<ReloadResult> => {
    const result = await reloader.reload(reason);
    problems = result.ok ? [] : result.problems;
    return result;
  };
  const reload = async (reason: string): Promise<ReloadResult> => {
    const [targets, listener] = await Promise.all([reloadTargets(reason), web?.reload()]);
    if (listener?.kind !== "refused") {
      const changed = listener?.kind === "applied";
      return targets.ok ? { ok: true, changed: targets.changed || changed } : targets;
    }
    return { ok: false, problems: [...(targets.ok ? [] : targets.problems), ...listener.problems] };
  };
  const watch = watchTargets(initial.files, { onEvent: () => void reloadTargets("file") });
  const onHangup = () => void reload("SIGHUP");
  process.on("SIGHUP", onHangup);
  return {
    reload,
    attach: (listener) => {
      web = listener;
    },
    get problem() {
      return [...problems, ...(web?.state().problems ?? [])].join("; ") || undefined;
    },
    close: () => {
      process.off("SIGHUP", onHangup);
      watch.close();
    },
  };
}
