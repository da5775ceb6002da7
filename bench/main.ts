/** Measures a component beside its peers: `bun bench/main.ts sidecar`, and so on. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Component } from "./component.ts";
import { exporter } from "./exporter/component.ts";
import { type Options, readOptions, UsageError, usage } from "./options.ts";
import { Processes } from "./processes.ts";
import { sidecar } from "./sidecar/component.ts";
import { renderTable } from "./table.ts";
import { missing } from "./tools.ts";
import { webhook } from "./webhook/component.ts";

const COMPONENTS: Readonly<Record<string, Component>> = { sidecar, webhook, exporter };

class Interrupted extends Error {
  override readonly name = "Interrupted";
}

function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => reject(new Interrupted(signal)));
    }
  });
}

const say = (text: string) => console.error(text);

async function run(component: Component, options: Options): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const processes = stack.use(new Processes());
  const measuring = component.measure(options, { processes, directory, stack, say });
  const { rows, measured, notes = [] } = await Promise.race([measuring, interruption()]);
  const { rounds, seconds, json } = options;
  const [processor] = cpus();
  const machine = { processors: cpus().length, model: processor?.model, bun: Bun.version };
  console.log(renderTable(component.columns, rows));
  console.log(
    `Medians of ${rounds} rounds of ${seconds} s on ${machine.processors} processors; only what stands in one line is comparable.`,
  );
  for (const note of notes) console.log(note);
  if (json !== undefined) {
    const document = { machine, rounds, seconds, rows, measured };
    await Bun.write(json, `${JSON.stringify(document, null, 2)}\n`);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const names = Object.keys(COMPONENTS);
  try {
    const options = readOptions(argv, names);
    const component = COMPONENTS[options.component] as Component;
    const lines = missing(component, options);
    for (const line of lines) console.error(line);
    if (lines.length > 0) return 1;
    await run(component, options);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return error.message === "SIGINT" ? 130 : 143;
    console.error(error instanceof UsageError ? `${error.message}\n${usage(names)}` : error);
    return error instanceof UsageError ? 78 : 1;
  }
}

process.exit(await main(process.argv.slice(2)));
