/** Keeps one service running: starts it, shows what it prints under its name, restarts it, ends it. */
import { type FSWatcher, watch } from "node:fs";
import type { Service } from "./services.ts";

/** A service that is kept running. */
export interface Runner {
  /** Resolves when the service is ready; rejects if it ends before, or takes longer than `timeoutMs`. */
  ready(timeoutMs: number): Promise<void>;
  /** Watches its sources and restarts it when one changes. */
  watch(): void;
  /** SIGTERM, then SIGKILL after `timeoutMs`. Resolves when its process is gone. */
  stop(timeoutMs: number): Promise<void>;
}

export interface RunnerOptions {
  /** Folder that commands and sources are relative to. */
  readonly root: string;
  /** Takes one whole line. */
  readonly print: (line: string) => void;
}

/** Changes that come in a burst, as an editor or git writes them, are one change. */
const SETTLE_MS = 150;

/** Starts a service. */
export function startService(service: Service, options: RunnerOptions): Runner {
  const { root, print } = options;
  const watchers: FSWatcher[] = [];
  let stopping = false;
  let child = spawn(service, options);
  let restart: ReturnType<typeof setTimeout> | undefined;

  const again = async () => {
    // At once: a restart in development is no pod's end, and its port must be free for the next.
    child.kill("SIGKILL");
    await child.exited;
    if (stopping) return;
    print(`${service.name} | restarted, a source has changed`);
    child = spawn(service, options);
  };
  return {
    ready: (timeoutMs) => waitReady(service, child, timeoutMs),
    watch() {
      for (const source of service.sources) {
        const watcher = watch(`${root}/${source}`, { recursive: true }, (_event, file) => {
          if (!file?.endsWith(".ts") || file.endsWith(".test.ts")) return;
          clearTimeout(restart);
          restart = setTimeout(() => void again(), SETTLE_MS);
        });
        watchers.push(watcher);
      }
    },
    async stop(timeoutMs) {
      stopping = true;
      clearTimeout(restart);
      for (const watcher of watchers) watcher.close();
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      await child.exited;
      clearTimeout(timer);
    },
  };
}

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;

function spawn(service: Service, { root, print }: RunnerOptions): Child {
  const child = Bun.spawn([...service.command], {
    cwd: root,
    env: { ...process.env, ...service.env },
    // A process group of its own: Ctrl-C goes to the runner alone, which ends each child once.
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  for (const stream of [child.stdout, child.stderr]) {
    void forward(stream, (line) => print(`${service.name} | ${line}`));
  }
  return child;
}

async function forward(stream: ReadableStream<Uint8Array>, print: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(print);
  }
  if (rest !== "") print(rest);
}

async function waitReady(service: Service, child: Child, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) {
      throw new Error(`${service.name} ended with code ${child.exitCode} before it was ready`);
    }
    if (await answers(service.readyUrl)) return;
    await Bun.sleep(50);
  }
  throw new Error(
    `${service.name} was not ready within ${timeoutMs / 1000} s (${service.readyUrl})`,
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { proxy: false, signal: AbortSignal.timeout(1000) } as RequestInit))
      .ok;
  } catch {
    return false; // Not yet listening: asked again until the deadline.
  }
}
