/**
 * A program's life: read the configuration, start, wait for a signal or a failure, tear down within
 * a deadline, and say with which code to exit. Only `main` exits.
 */
import { readFileSync } from "node:fs";
import { ConfigError, readConfig } from "./config.ts";
import type { Definition, Flags, Values } from "./flags.ts";
import type { Logger } from "./log.ts";
import { createLogger, type LogFormat, type LogLevel } from "./log.ts";
import { type Build, currentBuild } from "./version.ts";

/** Exit codes of all components. 78 is EX_CONFIG of sysexits.h. */
export const EXIT = { ok: 0, failure: 1, configuration: 78 } as const;

/** What a component is given to live with. */
export interface Life {
  readonly log: Logger;
  readonly build: Build;
  /** Aborted by the first signal, with its name as the reason, or by a failure. */
  readonly stopping: AbortSignal;
  /** Teardown in reverse order of what was pushed; run after the body has returned or thrown. */
  readonly teardown: AsyncDisposableStack;
  /** Ends the program with exit code 1, from callbacks that nobody awaits. */
  fail(error: unknown): void;
}

/** Where a program gets its arguments, variables and signals; a test gives its own. */
export interface Host {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LifeOptions {
  /** How long the teardown may take, in milliseconds; what is left then is dropped. */
  readonly teardownMs: number;
  /** Signals that end the program. Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** What a second signal does: end at once with code 1, or nothing. */
  readonly secondSignal: "exit" | "ignore";
}

type Logging = { readonly logLevel: LogLevel; readonly logFormat: LogFormat };

/**
 * Reads a command line. What needs no more than words is done at once: `--help` and `--version` on stdout,
 * every problem on stderr; then there is an exit code instead of values.
 */
export function readCommandLine<F extends Flags>(
  definition: Definition<F>,
  host: Host,
):
  | { readonly kind: "values"; readonly values: Values<F> }
  | { readonly kind: "done"; readonly code: number } {
  try {
    const line = readConfig(definition, { ...host, readFile: readText });
    if (line.kind === "config") return { kind: "values", values: line.values };
    process.stdout.write(line.kind === "help" ? line.text : versionLine(definition.name));
    return { kind: "done", code: EXIT.ok };
  } catch (error) {
    return { kind: "done", code: reportProblems(definition.name, error) };
  }
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** Says on stderr what is wrong with a configuration and gives the exit code. Throws whatever is no {@link ConfigError}. */
export function reportProblems(name: string, error: unknown): number {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(configMessage(name, error));
  return EXIT.configuration;
}

function versionLine(name: string): string {
  const { version, revision, bun } = currentBuild();
  return `${name} ${version} (revision ${revision}, bun ${bun})\n`;
}

/**
 * Runs a component and gives its exit code: 0 after `--help`, `--version`, a signal, or a body that
 * returns by itself; 1 after a failure; 78 for a bad configuration, with every problem on stderr.
 */
export async function runComponent<F extends Flags>(
  program: { readonly definition: Definition<F>; readonly life: LifeOptions },
  host: Host,
  body: (config: Values<F> & Logging, life: Life) => Promise<void>,
): Promise<number> {
  const { definition, life } = program;
  const line = readCommandLine(definition, host);
  if (line.kind === "done") return line.code;
  const config = line.values as Values<F> & Logging;
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  try {
    return await live({ log, build: currentBuild(), ...life }, (given) => body(config, given));
  } catch (error) {
    return reportProblems(definition.name, error);
  }
}

/** Starts `body`, and ends it on SIGTERM, SIGINT or a failure. Gives the exit code. */
export async function live(
  options: LifeOptions & { readonly log: Logger; readonly build: Build },
  body: (life: Life) => Promise<void>,
): Promise<number> {
  const { log, build, teardownMs, secondSignal, signals = ["SIGTERM", "SIGINT"] } = options;
  const controller = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // Handled by the race below, also when it comes after it.
  const fail = (error: unknown) => {
    controller.abort("failure");
    failed.reject(error);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (secondSignal === "ignore") return;
      log.warn("Second signal, ending at once", { signal });
      process.exit(EXIT.failure);
    }
    log.info("Stopping", { signal });
    controller.abort(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  process.on("uncaughtException", fail).on("unhandledRejection", fail);

  const teardown = new AsyncDisposableStack();
  const given: Life = { log, build, stopping: controller.signal, teardown, fail };
  let failure: unknown;
  try {
    await Promise.race([body(given), failed.promise]);
  } catch (error) {
    failure = error;
    if (!(error instanceof ConfigError)) log.error("Ending after a failure", { error });
  }
  controller.abort("ended");
  const torn = await endWithin(teardownMs, teardown.disposeAsync(), log);
  // What the body finds wrong with its configuration is reported as the command line's faults are.
  if (failure instanceof ConfigError) throw failure;
  return failure === undefined && torn ? EXIT.ok : EXIT.failure;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/** Resolves after so many milliseconds, or at once when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  const timer = setTimeout(wake, ms);
  signal.addEventListener("abort", wake, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", wake);
}

/** False only if the teardown threw; running late is a warning, since a signal still ends with 0. */
async function endWithin(ms: number, teardown: Promise<void>, log: Logger): Promise<boolean> {
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), ms);
  try {
    const outcome = await Promise.race([teardown, late.promise]);
    if (outcome === "late") log.warn("Teardown did not end in time", { limit_ms: ms });
    return true;
  } catch (error) {
    log.error("Teardown failed", { error });
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** What a person reads who started the program with a configuration that it cannot use. */
function configMessage(name: string, error: ConfigError): string {
  const count = error.problems.length === 1 ? "1 problem" : `${error.problems.length} problems`;
  const lines = error.problems.map((problem) => `  ${problem}`).join("\n");
  return `${name}: cannot start, ${count} in the configuration:\n${lines}\nRun '${name} --help' to see what is allowed.\n`;
}
