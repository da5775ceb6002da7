/** Whose page is scraped: the exporter, nginx with the same bytes, and the exporter's Python original. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RunningProcess } from "../../shared/testing/process.ts";
import type { Place } from "../component.ts";
import { within } from "../deadline.ts";
import { type Running, type Started, startLogged } from "../executables.ts";
import { startNginx } from "../nginx.ts";
import { freePort, type Processes } from "../processes.ts";
import type { Cloud } from "./cloud.ts";
import { ENCODINGS, type Encoding, fetchPage, PATH } from "./scrape.ts";

/** What the exporters are started from. */
export interface Bench {
  readonly processes: Processes;
  readonly directory: string;
  readonly cloud: Cloud;
  /** The compiled exporter. */
  readonly executable: string;
}

/** What an exporter is told. */
export interface Collecting {
  readonly intervalSeconds: number;
  /** Calls in flight; the original knows only one. */
  readonly concurrency?: number;
}

/** For as long as nothing is measured that has to do with collecting. */
export const RARELY: Collecting = { intervalSeconds: 300 };
/** The shortest interval that the exporter takes: with a large fleet it collects all the time. */
export const ALWAYS: Collecting = { intervalSeconds: 1 };

const READY_LIMIT_MS = 60_000;
const ORIGINAL = join(import.meta.dirname, "original.py");
const CONCURRENCY = 8;

/** Starts an exporter and waits for its first whole page. */
export async function startExporter(bench: Bench, collecting: Collecting): Promise<Started> {
  const { processes, executable, cloud } = bench;
  const { intervalSeconds, concurrency = CONCURRENCY } = collecting;
  const port = freePort();
  const command = [
    executable,
    `--api.url=${cloud.url}`,
    // That of the original, so that both ask for the same and show the same.
    "--api.dialect=command",
    "--collect.start-jitter=0s",
    // A slow cloud is asked for longer than the shortest interval lasts.
    "--collect.deadline=5m",
    `--collect.interval=${intervalSeconds}s`,
    `--collect.concurrency=${concurrency}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = processes.start(command, cloud.credentials);
  await ready(port, child);
  return { child, pid: child.pid, port };
}

/** Starts the original's way of doing it, and waits for its first whole page. */
export async function startOriginal(bench: Bench, collecting: Collecting): Promise<Started> {
  const { processes, cloud } = bench;
  const interval = `--interval=${collecting.intervalSeconds}`;
  const started = await startLogged(
    processes,
    ["python3", ORIGINAL, `--api-url=${cloud.url}`, interval],
    { listener: "web", env: cloud.credentials },
  );
  await updateMs(started.child);
  return started;
}

/** Milliseconds in which the original once cleared and filled its gauges. */
export async function updateMs(child: RunningProcess): Promise<number> {
  const updated = child.logged(({ msg }) => msg === "Updated");
  const entry = await within(READY_LIMIT_MS, "first update of the original", updated);
  return Number(entry.update_ms);
}

/** Whose answers are only bytes: these have a load put on them. */
export const SERVER_NAMES = ["exporter", "nginx", "copying"] as const;
export type ServerName = (typeof SERVER_NAMES)[number];
export type Servers = Readonly<Record<ServerName, Running>>;

/** Starts nginx twice with the bytes of the exporter's page: as it is set up for files, and without sendfile. */
export async function startServers(place: Place, exporter: Running): Promise<Servers> {
  const { processes, directory } = place;
  const root = join(directory, "pages");
  mkdirSync(root);
  for (const encoding of ENCODINGS) {
    const { bytes } = await fetchPage(exporter.port, encoding);
    await Bun.write(join(root, encoding === "gzip" ? `${PATH}.gz` : PATH), bytes);
  }
  const start = (name: ServerName, sending: string) => {
    const port = freePort();
    const http = `
      ${sending}
      open_file_cache max=16 inactive=1h;
      server {
        listen 127.0.0.1:${port};
        root ${root};
        location = ${PATH} { gzip_static on; gzip_vary on; }
      }`;
    return startNginx(processes, { directory: join(directory, name), port, path: PATH, http });
  };
  const servers = {
    exporter,
    nginx: await start("nginx", "sendfile on;"),
    // The same buffer as the socket's: with nginx's own 32 KB it would be slower.
    copying: await start("copying", "sendfile off; output_buffers 2 512k;"),
  };
  for (const encoding of ENCODINGS) await checkSame(servers, encoding);
  return servers;
}

async function checkSame(servers: Servers, encoding: Encoding): Promise<void> {
  const fingerprint = async (name: ServerName) => {
    const { bytes, contentEncoding } = await fetchPage(servers[name].port, encoding);
    return `${contentEncoding} ${Bun.hash(bytes)}`;
  };
  const expected = await fingerprint("exporter");
  for (const name of SERVER_NAMES) {
    if ((await fingerprint(name)) === expected) continue;
    throw new Error(`${name} does not serve the exporter's ${encoding} page`);
  }
}

async function ready(port: number, child: RunningProcess): Promise<void> {
  const untilMs = performance.now() + READY_LIMIT_MS;
  for (;;) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/-/ready`)).ok) return;
    } catch {
      // Not listening yet.
    }
    if (performance.now() > untilMs) {
      child.kill("SIGKILL");
      throw new Error(`The exporter does not get ready: ${(await child.ended()).stderr}`);
    }
    await Bun.sleep(20);
  }
}
