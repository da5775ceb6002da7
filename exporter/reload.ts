/** A wish to read the configuration again -> the new one applied, or the old one kept and every problem told. */
import { isDeepStrictEqual } from "node:util";
import type { Context, Hono } from "hono";
import { ConfigError } from "../shared/config.ts";
import { methodNotAllowed } from "../shared/http.ts";
import { describeError, type LogFields, type Logger } from "../shared/log.ts";
import type { ReloadMetrics } from "./reload-metrics.ts";

/** What became of it. */
export type ReloadResult =
  | { readonly ok: true; readonly changed: boolean }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface ReloaderOptions<T> {
  /** What is in force at the start; without it the first reload is always a change. */
  readonly initial?: T;
  /** Reads and checks all of it. A {@link ConfigError} says what is wrong, and holds no secret. */
  readonly read: () => T | Promise<T>;
  /** Puts it in force. If it fails, what was in force before counts on, and the next reload tries again. */
  readonly apply: (value: T) => void | Promise<void>;
  /** Whether two are the same. Default: deeply equal. */
  readonly same?: (a: T, b: T) => boolean;
  /** What to log of a change, without any secret. */
  readonly changes?: (before: T | undefined, after: T) => LogFields;
  readonly log: Logger;
  readonly metrics: ReloadMetrics;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Reloader {
  /**
   * Reads once more and applies what has changed. Never two at a time: all that ask during a reload share the
   * one after it, as theirs may have read already. Resolves always, also for a configuration that is refused.
   */
  readonly reload: (reason: string) => Promise<ReloadResult>;
}

/** Builds the reloader. Each distinct refusal is logged as a warning once, until something good was read. */
export function createReloader<T>(options: ReloaderOptions<T>): Reloader {
  const { metrics, now } = options;
  const run = createRun(options);
  let running: Promise<ReloadResult> | undefined;
  let next: Promise<ReloadResult> | undefined;
  const start = (reason: string): Promise<ReloadResult> => {
    const current = run(reason).finally(() => {
      if (running === current) running = undefined;
    });
    running = current;
    return current;
  };
  if (options.initial !== undefined) metrics.started(now());
  return {
    reload: (reason) => {
      if (next !== undefined) return next;
      if (running === undefined) return start(reason);
      next = running.then(() => {
        next = undefined;
        return start(reason);
      });
      return next;
    },
  };
}

/** One reload, which never rejects. */
function createRun<T>(options: ReloaderOptions<T>): (reason: string) => Promise<ReloadResult> {
  const { read, apply, same = isDeepStrictEqual, changes, log, metrics, now } = options;
  let current = options.initial;
  const told = new Set<string>();
  const take = async (reason: string): Promise<boolean> => {
    const value = await read();
    if (current !== undefined && same(current, value)) return false;
    await apply(value);
    log.info("Configuration reloaded", { reason, ...changes?.(current, value) });
    current = value;
    return true;
  };
  const refuse = (reason: string, error: unknown): ReloadResult => {
    const problems = error instanceof ConfigError ? error.problems : [describeError(error)];
    const known = told.has(problems.join("\n"));
    told.add(problems.join("\n"));
    const message = "Configuration not reloaded, the old one stays in force";
    log[known ? "debug" : "warn"](message, { reason, problems });
    metrics.failed();
    return { ok: false, problems };
  };
  return async (reason) => {
    try {
      const changed = await take(reason);
      // Else nothing: there is a look every few seconds, and a log beside the files would cause the next.
      if (!changed && told.size > 0) {
        log.info("Configuration is again the one in force", { reason });
      }
      told.clear();
      metrics.succeeded(changed, now());
      return { ok: true, changed };
    } catch (error) {
      return refuse(reason, error);
    }
  };
}

/** Path at which a reload is asked for, as Prometheus has it. */
export const RELOAD_PATH = "/-/reload";

/**
 * Whether a browser sends the request on behalf of another site's page. Programs send no such header; a
 * browser always does with a POST.
 */
function isForeign(c: Context): boolean {
  const site = c.req.header("sec-fetch-site");
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** Adds the route: POST or PUT is 200, or 500 with one problem a line; any other method is 405. */
export function addReload(app: Hono, reload: () => Promise<ReloadResult>): void {
  app.on(["POST", "PUT"], RELOAD_PATH, async (c: Context) => {
    if (isForeign(c)) return c.text("not for pages of other sites\n", 403);
    const result = await reload();
    if (result.ok) {
      return c.text(result.changed ? "Configuration reloaded\n" : "Configuration unchanged\n");
    }
    const problems = result.problems.map((problem) => `  ${problem}\n`).join("");
    return c.text(`Configuration not reloaded:\n${problems}`, 500);
  });
  app.all(RELOAD_PATH, (c) => methodNotAllowed(c, "POST, PUT"));
}
