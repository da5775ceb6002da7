/** A command and its arguments -> what it prints and the exit code. */
import { type Host, readCommandLine, sleep } from "../../shared/lifecycle.ts";
import { isProxied } from "../settings.ts";
import { readTargets } from "../targets/read.ts";
import { check, checkDefinition } from "./check.ts";
import type { Command, CommandResult } from "./commands.ts";
import { get, getDefinition } from "./get.ts";

/** Runs a command. Throws a `ConfigError` for a configuration file that cannot be used. */
export async function runCommand(command: Command, host: Host): Promise<CommandResult> {
  return command === "check" ? await runCheck(host) : await runGet(host);
}

async function runCheck(host: Host): Promise<CommandResult> {
  const line = readCommandLine(checkDefinition, host);
  if (line.kind === "done") return { code: line.code, out: "", err: "" };
  const { targets } = await readTargets(line.values, host.env);
  return await check(targets, {
    fetch,
    now: Date.now,
    monotonicNow: () => performance.now(),
    sleep,
    random: Math.random,
    connectTimeoutMs: line.values.connectTimeout,
    proxied: isProxied(host.env),
  });
}

async function runGet({ argv, env }: Host): Promise<CommandResult> {
  // None of its flags has a value that begins so.
  const path = argv.find((argument) => argument.startsWith("/")) ?? "/metrics";
  const rest = argv.filter((argument) => argument !== path);
  const line = readCommandLine(getDefinition, { argv: rest, env });
  if (line.kind === "done") return { code: line.code, out: "", err: "" };
  return await get(line.values, path, fetch);
}
