/** The three proxies that are compared, each one process before the same upstream. */
import { type Running, startLogged } from "../executables.ts";
import type { Processes } from "../processes.ts";
import { startNginxProxy } from "./nginx.ts";
import { GZIP_10, HUGE, PAGES, type Page } from "./pages.ts";
import { SCRAPE_HEADERS } from "./scrape.ts";

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
export function startProxy(processes: Processes, command: readonly string[]) {
  return startLogged(processes, command, { listener: "proxy" });
}

/** Starts all three and checks that each passes every page on unchanged. */
export async function startPeers(bench: Bench): Promise<Peers> {
  const { processes, directory, upstream } = bench;
  const peers = {
    sidecar: await startProxy(processes, bench.sidecar),
    go: await startProxy(processes, bench.go),
    nginx: await startNginxProxy(processes, directory, upstream),
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
