/** A command and its arguments -> what it prints and the exit code. */
import { type Host, readCommandLine, sleep } from "../../shared/lifecycle.ts";
import { definition } from "../config.ts";
import { readTargets } from "../targets/read.ts";
import { check } from "./check.ts";
import type { Command, CommandResult } from "./commands.ts";
import { get, getDefinition } from "./get.ts";

/** Runs a command. Throws a `ConfigError` for a configuration file that cannot be used. */
export async function runCommand(command: Command, host: Host): Promise<CommandResult> {
  return command === "check" ? await runCheck(host) : await runGet(host);
}

async function runCheck(host: Host): Promise<CommandResult> {
  const line = readCommandLine({ ...definition, name: "exporter check" }, host);
  if (line.kind === "done") return { code: line.code, out: "", err: "" };
  const { targets } = await readTargets(line.values, host.env);
  return await check(targets, {
    fetch,
    now: Date.now,
    monotonicNow: () => performance.now(),
    sleep,
    random: Math.random,
    connectTimeoutMs: line.values.connectTimeout,
  });
}

async function runGet({ argv, env }: Host): Promise<CommandResult> {
  const [first = ""] = argv;
  const path = first.startsWith("/") ? first : "/metrics";
  const rest = first.startsWith("/") ? argv.slice(1) : argv;
  const line = readCommandLine(getDefinition, { argv: rest, env });
  if (line.kind === "done") return { code: line.code, out: "", err: "" };
  return await get(line.values, path, fetch);
}
