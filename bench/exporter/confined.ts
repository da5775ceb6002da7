/** The executable within limits, its pages not in memory before -> how soon it is ready, and how scrapes go. */
import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import type { RunningProcess } from "../../shared/testing/process.ts";
import { freePort, memoryOf, type Processes } from "../processes.ts";
import type { Cloud } from "./cloud.ts";
import { type Counted, Group, type Limits } from "./group.ts";
import { fetchPage } from "./scrape.ts";

export interface Bench {
  readonly processes: Processes;
  readonly directory: string;
  readonly cloud: Cloud;
  /** How long it is scraped once a second. */
  readonly seconds: number;
}

export interface Confined {
  /** From exec to the first page with load balancers; undefined where there was none in a minute. */
  readonly readyMs: number | undefined;
  /** Scrapes that were answered: one a second, and then some at once. */
  readonly scrapesMs: readonly number[];
  readonly atOnceMs: readonly number[];
  readonly failed: number;
  /** RSS; undefined where it is gone. */
  readonly residentMiB: number | undefined;
  readonly counted: Counted;
}

export const AT_ONCE = 10;
/** Six times as often as in the field: what takes memory is a collection and the building of its page. */
const INTERVAL_SECONDS = 10;
const READY_LIMIT_MS = 60_000;
/** The timeout of the job that Prometheus has for it. */
const SCRAPE_LIMIT_MS = 20_000;

type Life = { readonly running: boolean };

/** Starts it anew, and ends it. Needs root. */
export async function runConfined(bench: Bench, limits: Limits): Promise<Confined> {
  const { processes, cloud } = bench;
  const executable = copyCold(bench.directory);
  // A new one each time: the exporter before has left its Lease held.
  await using api = await FakeApiServer.start();
  const kubeconfig = join(bench.directory, "kubeconfig");
  api.writeKubeconfig(kubeconfig);
  using group = new Group(`exporter-limits-${process.pid}`, limits);
  const port = freePort();
  const startMs = performance.now();
  const command = [
    executable,
    `--web.listen-address=127.0.0.1:${port}`,
    `--api.url=${cloud.url}`,
    `--collect.interval=${INTERVAL_SECONDS}s`,
    "--leader-elect",
    "--leader-elect-resource-namespace=monitoring",
    `--kubeconfig=${kubeconfig}`,
  ];
  const child = processes.start(group.command(command), cloud.credentials);
  const life = watch(child);
  try {
    const isReady = await ready(port, life);
    const readyMs = performance.now() - startMs;
    const alone = isReady ? await scrapeEachSecond(port, bench.seconds, life) : [];
    const atOnce = isReady && life.running ? await scrapeAtOnce(port) : [];
    return {
      readyMs: isReady ? readyMs : undefined,
      scrapesMs: alone.filter((ms) => ms !== undefined),
      atOnceMs: atOnce.filter((ms) => ms !== undefined),
      failed: [...alone, ...atOnce].filter((ms) => ms === undefined).length,
      residentMiB: life.running ? memoryOf(child.pid).residentMiB : undefined,
      counted: group.counted(),
    };
  } finally {
    await processes.stop(child);
  }
}

/** As on a node that has the image but runs nothing of it: its pages are read, and charged to the group. */
function copyCold(directory: string): string {
  const executable = join(directory, "exporter");
  rmSync(executable, { force: true });
  copyFileSync(join(import.meta.dirname, "../../dist/exporter"), executable);
  chmodSync(executable, 0o755);
  Bun.spawnSync(["sync", executable]);
  writeFileSync("/proc/sys/vm/drop_caches", "1");
  return executable;
}

function watch(child: RunningProcess): Life {
  const life = { running: true };
  void child.ended().then(() => {
    life.running = false;
  });
  return life;
}

async function ready(port: number, life: Life): Promise<boolean> {
  const untilMs = performance.now() + READY_LIMIT_MS;
  while (life.running && performance.now() < untilMs) {
    const page = await fetchPage(port, "gzip").catch(() => undefined);
    if (page !== undefined && hasBalancers(page.bytes)) return true;
    await Bun.sleep(20);
  }
  return false;
}

function hasBalancers(gzipped: Uint8Array<ArrayBuffer>): boolean {
  return new TextDecoder().decode(Bun.gunzipSync(gzipped)).includes("\nktcloud_lb_info{");
}

/** A scrape is due each second, whatever became of the one before. */
async function scrapeEachSecond(port: number, seconds: number, life: Life) {
  const scrapes: Promise<number | undefined>[] = [];
  while (life.running && scrapes.length < seconds) {
    scrapes.push(scrape(port));
    await Bun.sleep(1000);
  }
  return await Promise.all(scrapes);
}

async function scrapeAtOnce(port: number) {
  return await Promise.all(Array.from({ length: AT_ONCE }, () => scrape(port)));
}

/** Milliseconds, or undefined for one that failed. */
async function scrape(port: number): Promise<number | undefined> {
  const startMs = performance.now();
  const late = Bun.sleep(SCRAPE_LIMIT_MS).then(() => undefined);
  const page = await Promise.race([fetchPage(port, "gzip").catch(() => undefined), late]);
  return page === undefined ? undefined : performance.now() - startMs;
}
