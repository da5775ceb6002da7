/** The webhook, and its commands `inject` and `explain`. */
import { runComponent } from "../shared/lifecycle.ts";
import { print } from "../shared/print.ts";
import { definition } from "./config.ts";
import { COMMANDS, type Command } from "./manifest/commands.ts";
import { runWebhook } from "./run.ts";

/** A little more than the shutdown takes: the delay is over before, and the listeners have 15 s to close. */
const TEARDOWN_MS = 20_000;

const program = { definition, life: { teardownMs: TEARDOWN_MS, secondSignal: "exit" } } as const;

async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [first = "", ...rest] = argv;
  if (!Object.hasOwn(COMMANDS, first)) {
    return await runComponent(program, { argv, env }, (config, life) =>
      runWebhook(config, life, env),
    );
  }
  // Loaded only where it is called: the server needs no YAML.
  const { runManifestCommand } = await import("./manifest/command.ts");
  const written = { out: "", err: "" };
  const code = await runManifestCommand(first as Command, {
    argv: rest,
    env,
    stdin: () => Bun.stdin.text(),
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
  });
  await print(Bun.stderr, written.err);
  await print(Bun.stdout, written.out);
  return code;
}

void main(process.argv.slice(2), process.env).then((code) => process.exit(code));
