/** A program for lifecycle.test.ts that ends in each way there is. */
import { ConfigError } from "../config.ts";
import { aborted, type Life, runComponent } from "../lifecycle.ts";
import { logFlags } from "../log.ts";
import { nonEmpty } from "../values.ts";

const flags = {
  mode: { flag: "mode", placeholder: "MODE", help: "How to end.", schema: nonEmpty() },
  ...logFlags,
} as const;

async function run({ mode }: { readonly mode: string }, life: Life): Promise<void> {
  const { log, teardown } = life;
  teardown.defer(() => log.info("First closed"));
  teardown.defer(() => log.info("Second closed"));
  if (mode === "hang") teardown.defer(() => new Promise(() => {}));
  log.info("Running");
  if (mode === "throw") throw new Error("thrown");
  if (mode === "misconfigured") throw new ConfigError(["--x: is wrong"]);
  if (mode === "fail") setTimeout(() => life.fail(new Error("failed")), 1);
  if (mode === "reject") void Promise.reject(new Error("rejected"));
  if (mode === "chatter") for (let i = 0; i < 20_000; i++) log.info(`Line ${i}`);
  if (mode === "done" || mode === "chatter") return;
  // Something has to keep the process up, as a listener would.
  const alive = setInterval(() => {}, 1000);
  teardown.defer(() => clearInterval(alive));
  await aborted(life.stopping);
  if (mode === "linger") await new Promise(() => {});
  if (mode !== "fail" && mode !== "reject") log.info("Body left");
}

const definition = { name: "program", prefix: "PROGRAM", about: "Ends.", flags };
const program = { definition, life: { teardownMs: 200, secondSignal: "exit" } } as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
