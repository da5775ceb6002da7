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
  /** By HTTPS, whatever the certificate. */
  readonly https?: boolean;
}

/** One series of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A target, as it was discovered and as relabelling left it. */
export interface Target {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
}

export interface RunningPrometheus extends AsyncDisposable {
  /** Runs an instant query. Throws on a query that Prometheus refuses. */
  query(promql: string): Promise<readonly Sample[]>;
  targets(): Promise<{ readonly active: readonly Target[]; readonly dropped: readonly Target[] }>;
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
  return await runScraper(PROMETHEUS, renderConfig(jobs, interval, replica));
}

/** A program that scrapes by the configuration of Prometheus and answers its API. */
export interface Scraper {
  readonly name: string;
  readonly command: (files: {
    readonly config: string;
    readonly data: string;
    readonly address: string;
  }) => readonly string[];
}

/** Prometheus: that on the PATH, or another one. */
export const PROMETHEUS: Scraper = {
  name: "Prometheus",
  command: ({ config, data, address }) => [
    process.env.PROMETHEUS_BINARY || "prometheus",
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
  ],
};

/** Starts a scraper with that configuration. */
export async function runScraper(scraper: Scraper, config: string): Promise<RunningPrometheus> {
  const dir = await mkdtemp(join(tmpdir(), "every-scrape-whole-e2e-"));
  const configFile = join(dir, "prometheus.yml");
  await writeFile(configFile, config);
  const address = `127.0.0.1:${await freePort()}`;
  const files = { config: configFile, data: join(dir, "data"), address };
  const process = startProcess(scraper.command(files));
  const base = `http://${address}`;
  const ready = () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually(`${scraper.name} is ready`, ready, 30_000);
  return {
    query: (promql) => query(base, promql),
    targets: () => targets(base),
    [Symbol.asyncDispose]: async () => {
      await process[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function renderConfig(jobs: readonly ScrapeJob[], interval: string, replica: string): string {
  const entries = jobs.map((one, index) => {
    const { job, port, path = "/metrics", host = "127.0.0.1", https = false } = one;
    const own = one.interval === undefined ? "" : `, ${every(one.interval)}`;
    const tls = https ? ", scheme: https, tls_config: { insecure_skip_verify: true }" : "";
    // Several may be of one job, whose name Prometheus takes only once.
    const target = `{ targets: ["${host}:${port}"], labels: { job: ${job} } }`;
    return `  - { job_name: "${index}", metrics_path: ${path}${own}${tls}, static_configs: [${target}] }\n`;
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

async function targets(base: string) {
  const answer = await fetch(`${base}/api/v1/targets`);
  const { data } = (await answer.json()) as {
    readonly data: {
      readonly activeTargets: readonly Target[];
      readonly droppedTargets: readonly Target[];
    };
  };
  return { active: data.activeTargets, dropped: data.droppedTargets };
}

async function freePort(): Promise<number> {
  const bind = { host: "127.0.0.1", port: 0 };
  const listener = listen({ flag: "", bind, fetch: () => new Response(null) });
  await listener.close(0);
  return listener.port;
}
