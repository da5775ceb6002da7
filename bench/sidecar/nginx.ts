/** nginx twice: as the upstream that serves files, and as one of the proxies before it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Running } from "../executables.ts";
import { freePort, type Processes } from "../processes.ts";
import { GZIP_10 } from "./pages.ts";

/** Serves the files of `pages/` in that directory. */
export async function startUpstream(processes: Processes, directory: string): Promise<Running> {
  const port = freePort();
  return await startNginx(processes, {
    directory: join(directory, "upstream"),
    port,
    http: `
      sendfile on;
      open_file_cache max=16 inactive=1h;
      server {
        listen 127.0.0.1:${port};
        root ${directory}/pages;
        location = ${GZIP_10.path} { add_header Content-Encoding gzip; }
      }`,
  });
}

/** Passes everything on to the upstream over kept connections, streaming as the others do. */
export async function startNginxProxy(
  processes: Processes,
  directory: string,
  upstream: Running,
): Promise<Running> {
  const port = freePort();
  return await startNginx(processes, {
    directory: join(directory, "proxy"),
    port,
    http: `
      proxy_max_temp_file_size 0;
      upstream application {
        server 127.0.0.1:${upstream.port};
        keepalive 64;
        keepalive_requests 1000000000;
      }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://application;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
        }
      }`,
  });
}

interface Site extends Omit<Running, "pid"> {
  readonly directory: string;
  readonly http: string;
}

async function startNginx(processes: Processes, site: Site): Promise<Running> {
  const { directory, port } = site;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "nginx.conf");
  await Bun.write(file, config(site));
  const { pid } = processes.start(["nginx", "-p", directory, "-c", file, "-e", "stderr"]);
  await answers(port);
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

async function answers(port: number): Promise<void> {
  const untilMs = performance.now() + 5000;
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}${GZIP_10.path}`, { method: "HEAD" });
      return;
    } catch (cause) {
      if (performance.now() > untilMs) throw new Error("nginx does not answer", { cause });
      await Bun.sleep(10);
    }
  }
}
