/** nginx twice: as the upstream that serves files, and as one of the proxies before it. */
import { join } from "node:path";
import type { Running } from "../executables.ts";
import { startNginx } from "../nginx.ts";
import { freePort, type Processes } from "../processes.ts";
import { GZIP_10 } from "./pages.ts";

/** Serves the files of `pages/` in that directory. */
export async function startUpstream(processes: Processes, directory: string): Promise<Running> {
  const port = freePort();
  return await startNginx(processes, {
    directory: join(directory, "upstream"),
    port,
    path: GZIP_10.path,
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
    path: GZIP_10.path,
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
