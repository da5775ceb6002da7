/** A real Prometheus for the tests: started on a free port, asked over its API, ended with its data. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen } from "../shared/http.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { startProcess } from "../shared/testing/process.ts";

export interface ScrapeJob {
  readonly job: string;
  readonly port: number;
  readonly path?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: that of the server. */
  readonly interval?: string;
}

/** One series of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface RunningPrometheus extends AsyncDisposable {
  /** Runs an instant query. Throws on a query that Prometheus refuses. */
  query(promql: string): Promise<readonly Sample[]>;
}

/**
 * Starts a Prometheus that scrapes the jobs every `interval`. Servers of different `replica` names
 * scrape at different moments of it.
 */
export async function startPrometheus(
  jobs: readonly ScrapeJob[],
  interval: string,
  replica = "a",
): Promise<RunningPrometheus> {
  const dir = await mkdtemp(join(tmpdir(), "every-scrape-whole-e2e-"));
  const configFile = join(dir, "prometheus.yml");
  await writeFile(configFile, renderConfig(jobs, interval, replica));
  const port = await freePort();
  const process = startProcess([
    "prometheus",
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${join(dir, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const base = `http://127.0.0.1:${port}`;
  const ready = () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually("Prometheus is ready", ready, 30_000);
  return {
    query: (promql) => query(base, promql),
    [Symbol.asyncDispose]: async () => {
      await process[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function renderConfig(jobs: readonly ScrapeJob[], interval: string, replica: string): string {
  const entries = jobs.map((one) => {
    const { job, port, path = "/metrics", host = "127.0.0.1" } = one;
    const own = one.interval === undefined ? "" : `, ${every(one.interval)}`;
    return `  - { job_name: ${job}, metrics_path: ${path}${own}, static_configs: [{ targets: ["${host}:${port}"] }] }\n`;
  });
  const global = `{ ${every(interval)}, external_labels: { replica: ${replica} } }`;
  return `global: ${global}\nscrape_configs:\n${entries.join("")}`;
}

function every(time: string): string {
  return `scrape_interval: ${time}, scrape_timeout: ${time}`;
}

async function query(base: string, promql: string): Promise<readonly Sample[]> {
  const answer = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(promql)}`);
  const body = (await answer.json()) as {
    readonly error?: string;
    readonly data?: { readonly result: { metric: Sample["metric"]; value: [number, string] }[] };
  };
  if (body.data === undefined)
    throw new SyntaxError(`Prometheus refuses "${promql}": ${body.error}`);
  return body.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

async function freePort(): Promise<number> {
  const bind = { host: "127.0.0.1", port: 0 };
  const listener = listen({ flag: "", bind, fetch: () => new Response(null) });
  await listener.close(0);
  return listener.port;
}
