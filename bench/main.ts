/** Measures the sidecar beside Go's ReverseProxy and nginx: `bun bench/main.ts sidecar`. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { measure } from "./measure.ts";
import { type Options, readOptions, USAGE, UsageError } from "./options.ts";
import { Processes } from "./processes.ts";
import { rowsOf } from "./rows.ts";
import { renderTable } from "./table.ts";
import { missing } from "./tools.ts";

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

async function run(options: Options): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const processes = stack.use(new Processes());
  const measuring = measure(options, { processes, directory, say });
  const measured = await Promise.race([measuring, interruption()]);
  const rows = rowsOf(measured);
  const { rounds, seconds, json } = options;
  const [processor] = cpus();
  const machine = { processors: cpus().length, model: processor?.model, bun: Bun.version };
  console.log(renderTable(rows));
  console.log(
    `Medians of ${rounds} rounds of ${seconds} s on ${machine.processors} processors; only what stands in one line is comparable.`,
  );
  if (json !== undefined) {
    const document = { machine, rounds, seconds, rows, measured };
    await Bun.write(json, `${JSON.stringify(document, null, 2)}\n`);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = readOptions(argv);
    const lines = missing(options.executable);
    for (const line of lines) console.error(line);
    if (lines.length > 0) return 1;
    await run(options);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return error.message === "SIGINT" ? 130 : 143;
    console.error(error instanceof UsageError ? `${error.message}\n${USAGE}` : error);
    return error instanceof UsageError ? 78 : 1;
  }
}

process.exit(await main(process.argv.slice(2)));
