/** The three proxies that are compared, each one process before the same upstream. */
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import type { RunningProcess } from "../shared/testing/process.ts";
import { type Running, startProxy } from "./nginx.ts";
import { GZIP_10, HUGE, PAGES, type Page } from "./pages.ts";
import type { Processes } from "./processes.ts";

export const PEER_NAMES = ["sidecar", "go", "nginx"] as const;
export type PeerName = (typeof PEER_NAMES)[number];
export type Peers = Readonly<Record<PeerName, Running>>;

/** What the comparison runs on. */
export interface Bench {
  readonly processes: Processes;
  readonly directory: string;
  readonly upstream: Running;
  readonly sidecar: readonly string[];
  readonly go: readonly string[];
}

/** The headers of a Prometheus scrape: all that the sidecar does for a scrape, it does here. */
export const SCRAPE_HEADERS: Readonly<Record<string, string>> = {
  "User-Agent": "Prometheus/3.5.0",
  Accept: "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
  "Accept-Encoding": "gzip",
  "X-Prometheus-Scrape-Timeout-Seconds": "10",
};

const START_LIMIT_MS = 10_000;

/** Copies the sidecar, so that a build in the meantime changes nothing. */
export function copyExecutable(executable: string, directory: string): string {
  const copy = join(directory, "sidecar");
  copyFileSync(executable, copy);
  chmodSync(copy, 0o755);
  return copy;
}

/**
 * Compiles Go's proxy. It runs with the default GOMAXPROCS, every core, as it does where nobody
 * sets a limit; Bun may use every core for its collector and its I/O as well.
 */
export async function compileGo(processes: Processes, directory: string): Promise<string> {
  const binary = join(directory, "reverse-proxy");
  const source = join(import.meta.dirname, "peers/reverse-proxy.go");
  await processes.run(["go", "build", "-o", binary, source]);
  return binary;
}

/** The sidecar's command line before an application on that port. */
export function sidecarCommand(binary: string, originalPort: number): readonly string[] {
  return [
    binary,
    "--host=127.0.0.1",
    "--proxy-port=0",
    `--original-port=${originalPort}`,
    `--metrics-path=${[...PAGES, HUGE].map(({ path }) => path).join(",")}`,
    "--log-format=json",
  ];
}

/** Starts a proxy that tells its port in its log. */
export async function startLogged(
  processes: Processes,
  command: readonly string[],
): Promise<Running & { readonly child: RunningProcess }> {
  const child = processes.start(command);
  const late = Bun.sleep(START_LIMIT_MS).then(() => {
    throw new Error(`Not listening after ${START_LIMIT_MS} ms: ${command.join(" ")}`);
  });
  return { child, pid: child.pid, port: await Promise.race([child.port("proxy"), late]) };
}

/** Starts all three and checks that each passes every page on unchanged. */
export async function startPeers(bench: Bench): Promise<Peers> {
  const { processes, directory, upstream } = bench;
  const peers = {
    sidecar: await startLogged(processes, bench.sidecar),
    go: await startLogged(processes, bench.go),
    nginx: await startProxy(processes, directory, upstream),
  };
  for (const page of PAGES) {
    const expected = await fingerprint(upstream, page);
    for (const name of PEER_NAMES) {
      const actual = await fingerprint(peers[name], page);
      if (actual !== expected) throw new Error(`${name} changes ${page.path}: ${actual}`);
    }
  }
  return peers;
}

async function fingerprint({ port }: Running, { path }: Page): Promise<string> {
  // `decompress` is Bun's own and not in the type of fetch: the bytes as they are.
  const init = { headers: SCRAPE_HEADERS, decompress: false } as BunFetchRequestInit;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const encoding = answer.headers.get("content-encoding");
  if (path === GZIP_10.path && encoding !== "gzip") return `Content-Encoding ${encoding}`;
  return `${answer.status} ${Bun.hash(await answer.bytes())}`;
}
