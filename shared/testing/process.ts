/** Runs a program as a real process for a test, and reads its JSON log. */

/** One line of a JSON log. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly msg: string };

/** What a program left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started and is ended, at the latest, when this is disposed of. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the first log entry, past or future, that fits; rejects if the program ends before. */
  logged(fits: (entry: LogEntry) => boolean): Promise<LogEntry>;
  /** Resolves once this text is on stdout; rejects if the program ends before. */
  printed(text: string): Promise<void>;
  /** The port that a listener of that name reported. */
  port(listener: string): Promise<number>;
  kill(signal?: NodeJS.Signals): void;
  /** Waits for the end. */
  ended(): Promise<Outcome>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts a program with no environment but PATH and what `options` gives. */
export function startProcess(
  command: readonly string[],
  options: StartOptions = {},
): RunningProcess {
  const child = Bun.spawn([...command], {
    env: { PATH: process.env.PATH ?? "", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const log = followLog(child.stderr);
  const output = followOutput(child.stdout);
  const ended = async (): Promise<Outcome> => {
    await child.exited;
    return { code: child.exitCode, stdout: await output.text, stderr: await log.text };
  };
  const logged = (fits: (entry: LogEntry) => boolean) => log.find(fits);
  return {
    pid: child.pid,
    logged,
    ended,
    printed: output.printed,
    port: async (listener) => {
      const entry = await logged((e) => e.msg === "Listening" && e.listener === listener);
      return Number(entry.port);
    },
    kill: (signal = "SIGTERM") => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended();
    },
  };
}

/** Runs a program to its end. */
export async function runProcess(
  command: readonly string[],
  options: StartOptions = {},
): Promise<Outcome> {
  await using child = startProcess(command, options);
  return await child.ended();
}

function followOutput(stream: ReadableStream<Uint8Array>) {
  let all = "";
  let over = false;
  let news = Promise.withResolvers<void>();
  const text = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      all += decoder.decode(chunk, { stream: true });
      news.resolve();
      news = Promise.withResolvers();
    }
    over = true;
    news.resolve();
    return all;
  })();
  const printed = async (wanted: string): Promise<void> => {
    while (!all.includes(wanted)) {
      if (over) throw new Error(`Not printed before the end: ${wanted}\n${all}`);
      await news.promise;
    }
  };
  return { text, printed };
}

interface Waiting {
  readonly fits: (entry: LogEntry) => boolean;
  readonly settled: PromiseWithResolvers<LogEntry>;
}

function followLog(stream: ReadableStream<Uint8Array>) {
  const entries: LogEntry[] = [];
  let waiting: Waiting[] = [];
  let all = "";
  let over = false;
  const take = (line: string) => {
    const entry = parseEntry(line);
    if (entry === undefined) return;
    entries.push(entry);
    for (const one of waiting.filter(({ fits }) => fits(entry))) one.settled.resolve(entry);
    waiting = waiting.filter(({ fits }) => !fits(entry));
  };
  const text = (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const piece = decoder.decode(chunk, { stream: true });
      all += piece;
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(take);
    }
    over = true;
    for (const { settled } of waiting)
      settled.reject(new Error(`Not logged before the end:\n${all}`));
    return all;
  })();
  const find = (fits: (entry: LogEntry) => boolean): Promise<LogEntry> => {
    const found = entries.find(fits);
    if (found !== undefined) return Promise.resolve(found);
    if (over) return Promise.reject(new Error(`Not logged before the end:\n${all}`));
    const settled = Promise.withResolvers<LogEntry>();
    waiting.push({ fits, settled });
    return settled.promise;
  };
  return { text, find };
}

function parseEntry(line: string): LogEntry | undefined {
  if (!line.startsWith("{")) return undefined;
  const value: unknown = JSON.parse(line);
  return typeof value === "object" && value !== null && "msg" in value
    ? (value as LogEntry)
    : undefined;
}
