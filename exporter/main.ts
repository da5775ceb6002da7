/** The exporter, and its commands `check` and `get`. */
import { ConfigError } from "../shared/config.ts";
import { reportProblems, runComponent } from "../shared/lifecycle.ts";
import { print } from "../shared/print.ts";
import { COMMANDS, type Command } from "./commands/commands.ts";
import { definition } from "./config.ts";
import { runExporter } from "./run.ts";
import { startedWith } from "./start.ts";

/** A little more than the scrapes in flight and the release of the Lease may take. */
const TEARDOWN_MS = 15_000;

const program = { definition, life: { teardownMs: TEARDOWN_MS, secondSignal: "exit" } } as const;

async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [first = "", ...rest] = argv;
  const isCommand = Object.hasOwn(COMMANDS, first);
  const started = startedWith(isCommand ? rest : argv, env);
  try {
    const host = { argv: started.argv, env: started.env() };
    if (isCommand) return await command(first as Command, host);
    return await runComponent(program, host, (config, life) => runExporter(config, life, started));
  } catch (error) {
    if (error instanceof ConfigError) return reportProblems(definition.name, error);
    throw error;
  }
}

async function command(name: Command, host: Parameters<typeof runComponent>[1]): Promise<number> {
  // Loaded only where it is called.
  const { runCommand } = await import("./commands/command.ts");
  const { code, out, err } = await runCommand(name, host);
  await print(Bun.stderr, err);
  await print(Bun.stdout, out);
  return code;
}

void main(process.argv.slice(2), process.env).then((code) => process.exit(code));
