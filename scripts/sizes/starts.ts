/** Executables -> how long each takes from exec to its first good answer. */
import { measureStarts } from "../../bench/executables.ts";
import { startProcess } from "../../shared/testing/process.ts";
import { createStarts, JSON_LOG, type Start } from "../images/starts.ts";

const ANSWER_LIMIT_MS = 10_000;

/** Milliseconds by component, one entry a start; the executables take turns. */
export async function measureComponents(
  executables: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, readonly number[]>>> {
  await using stack = new AsyncDisposableStack();
  const starts = await createStarts(stack);
  const commands = Object.entries(executables).map(([component, path]) => [
    component,
    [path, component],
  ]);
  return await measureStarts(
    Object.fromEntries(commands) as Record<string, readonly string[]>,
    async ([path = "", component = ""]) => await startOnce(path, starts[component] as Start),
  );
}

async function startOnce(executable: string, start: Start): Promise<number> {
  const env = start.env === undefined ? {} : { env: start.env };
  const startedMs = performance.now();
  await using child = startProcess([executable, JSON_LOG, ...start.args], env);
  // Nothing polls before it listens, which would take processor time from the start itself.
  const url = `http://127.0.0.1:${await child.port(start.listener)}${start.path}`;
  while (!(await fetch(url)).ok) {
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > ANSWER_LIMIT_MS) throw new Error(`${executable} is not ready in time`);
    await Bun.sleep(1);
  }
  return performance.now() - startedMs;
}
