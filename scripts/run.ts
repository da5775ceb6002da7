/** Runs a program to its end, and keeps what it has said. */

/** What a program left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** All of the program's environment; without it, that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** However it ends. */
export async function runToEnd(
  command: readonly string[],
  { env = process.env, cwd = process.cwd() }: RunOptions = {},
): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    env,
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Gives what it has printed. Throws an `Error` with its output if it fails. */
export async function run(command: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout.trim();
}
