/** The executables that are compared, and how one is started that tells its port in its log. */
import { chmodSync, copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { RunningProcess } from "../shared/testing/process.ts";
import { within } from "./deadline.ts";
import type { Processes } from "./processes.ts";
import { rotated } from "./row.ts";

/** A program that listens. */
export interface Running {
  readonly pid: number;
  readonly port: number;
}

/** One that the bench has started and may end. */
export interface Started extends Running {
  readonly child: RunningProcess;
}

const START_LIMIT_MS = 10_000;
const STARTS = 12;
/** The first starts bring the executables' pages into memory: the bars are for a warm cache. */
const UNCOUNTED = 2;

/** Copies a component's executable, so that a build in the meantime changes nothing. */
export function copyExecutable(executable: string, directory: string): string {
  const copy = join(directory, basename(executable));
  copyFileSync(executable, copy);
  chmodSync(copy, 0o755);
  return copy;
}

/**
 * Compiles a program of `peers/`. Where it is not pinned it runs with the default GOMAXPROCS, every
 * core, as where nobody sets a limit; Bun may use every core for its collector and its I/O as well.
 */
export async function compileGo(
  processes: Processes,
  directory: string,
  name: string,
): Promise<string> {
  const binary = join(directory, name);
  await processes.run(["go", "build", "-o", binary, join(import.meta.dirname, `peers/${name}.go`)]);
  return binary;
}

/** Starts a program that tells the port of that listener in its log. */
export async function startLogged(
  processes: Processes,
  command: readonly string[],
  { listener, env }: { readonly listener: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Started> {
  const child = processes.start(command, env);
  const port = await within(
    START_LIMIT_MS,
    `listening: ${command.join(" ")}`,
    child.port(listener),
  );
  return { child, pid: child.pid, port };
}

/** Starts the commands in turn, and gives for each the milliseconds that `startOnce` took. */
export async function measureStarts<Name extends string>(
  commands: Readonly<Record<Name, readonly string[]>>,
  startOnce: (command: readonly string[]) => Promise<number>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(commands) as Name[];
  const starts = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (let i = 0; i < STARTS + UNCOUNTED; i++) {
    for (const name of rotated(names, i)) {
      const ms = await startOnce(commands[name]);
      if (i >= UNCOUNTED) starts[name]?.push(ms);
    }
  }
  return starts as Record<Name, number[]>;
}
