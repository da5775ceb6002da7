/** nginx with a given site, as one process. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Running } from "./executables.ts";
import type { Processes } from "./processes.ts";

export interface Site {
  /** Its own: for the configuration and what it writes. */
  readonly directory: string;
  readonly port: number;
  /** What stands in the block `http`. */
  readonly http: string;
  /** A path that it answers. */
  readonly path: string;
}

const START_LIMIT_MS = 5000;

/** Starts it and waits until it answers. */
export async function startNginx(processes: Processes, site: Site): Promise<Running> {
  const { directory, port } = site;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "nginx.conf");
  await Bun.write(file, config(site));
  const { pid } = processes.start(["nginx", "-p", directory, "-c", file, "-e", "stderr"]);
  await answers(site);
  return { pid, port };
}

/** One process without a master, so that its pid is all there is to measure and to end. */
function config({ directory, http }: Site): string {
  const scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join("\n      ");
  return `
    daemon off;
    master_process off;
    pid ${directory}/nginx.pid;
    error_log stderr;
    events { worker_connections 1024; }
    http {
      access_log off;
      default_type "text/plain; version=0.0.4; charset=utf-8";
      types {}
      tcp_nodelay on;
      keepalive_timeout 1h;
      keepalive_requests 1000000000;
      ${scratch}
      ${http}
    }
  `;
}

async function answers({ port, path }: Site): Promise<void> {
  const untilMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}${path}`, { method: "HEAD" });
      return;
    } catch (cause) {
      if (performance.now() > untilMs) throw new Error("nginx does not answer", { cause });
      await Bun.sleep(10);
    }
  }
}
