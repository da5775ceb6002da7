/** What the bench needs beside Bun, and how to get it. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Component } from "./component.ts";
import type { Options } from "./options.ts";

const HOW: Readonly<Record<string, string>> = {
  nginx: "Debian and Ubuntu: apt-get install nginx-light",
  wrk: "Debian and Ubuntu: apt-get install wrk",
  go: "https://go.dev/dl/, or on Debian and Ubuntu: apt-get install golang-go",
  taskset: "Debian and Ubuntu: apt-get install util-linux",
  python3: "Debian and Ubuntu: apt-get install python3",
};

// Debian keeps nginx in a directory that only root has on the PATH.
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/usr/local/go/bin`;

/** Where a program is. Only for programs that {@link missing} found. */
export function pathOf(program: string): string {
  return Bun.which(program, { PATH }) ?? program;
}

/** One line for everything that is missing; no peer is ever left out in silence. */
export function missing(component: Component, options: Options): readonly string[] {
  const lines = component.programs
    .filter((program) => Bun.which(program, { PATH }) === null)
    .map((program) => `${program} is needed here and is not on the PATH. ${HOW[program] ?? ""}`);
  lines.push(...missingModules(component.pythonModules ?? []));
  if (!existsSync("/proc/self/stat")) {
    lines.push("Processor time and memory are read from /proc: this bench needs Linux.");
  }
  if (availableParallelism() < component.processors) {
    lines.push(
      `${component.processors} processors are needed: one for the server, one for the load.`,
    );
  }
  if (!existsSync(options.executable)) {
    lines.push(`${options.executable} is not there. Compile it: just build ${options.component}`);
  }
  return lines;
}

function missingModules(modules: readonly string[]): readonly string[] {
  const python = Bun.which("python3", { PATH });
  if (python === null) return [];
  return modules
    .filter((name) => !Bun.spawnSync([python, "-c", `import ${name}`]).success)
    .map((name) => `python3 does not find ${name}. In its environment: pip install ${name}`);
}
