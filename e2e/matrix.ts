/**
 * Runs pods under one or two real Prometheus servers, ends each at another moment of the scrape
 * interval, and says what was stored of what was counted. As a program: the plan as JSON in its
 * argument, the observations on stdout.
 */
import { availableParallelism } from "node:os";
import { eventually } from "../shared/testing/eventually.ts";
import { type End, endPod, type Pod, type PodPlan, startPod } from "./pod.ts";
import { type RunningPrometheus, startPrometheus } from "./prometheus.ts";

export interface Plan {
  readonly pods: readonly PodPlan[];
  /** One address for each Prometheus server: where it finds the pods. */
  readonly addresses: readonly string[];
  /** Where the sidecars listen. */
  readonly host: string;
  /** All pods end within a second, while two processes a core do nothing but burn time. */
  readonly busy?: boolean;
}

/** What one server has stored of a pod's orders: its counter, and the count of its histogram. */
export interface Stored {
  readonly counter: number | undefined;
  readonly histogram: number | undefined;
}

/** One pod: what it was told, how it ended, and what each server has. */
export interface Observation extends PodPlan, End {
  readonly job: string;
  readonly stored: readonly Stored[];
}

const INTERVAL = "2s";

/** Where a capture gap is as long as a scrape interval, scrapes alone would already lose nothing. */
const SLOW_INTERVAL = "5s";

/** Pods end this long after each other on average: a part of the interval that it does not divide. */
const STAGGER_MS = 170;

/** A server has a page in its storage a moment after it has read it. */
const COMMIT_MS = 1000;

/** Runs the pods of a plan to their end. */
export async function runMatrix({ pods: plans, addresses, host, busy = false }: Plan) {
  await using stack = new AsyncDisposableStack();
  const pods: Pod[] = [];
  for (const [i, plan] of shuffled(plans).entries()) {
    pods.push(await startPod(stack, plan, { job: `pod-${i}`, host }));
  }
  const servers = await Promise.all(
    addresses.map((address, i) => startPrometheus(jobs(pods, address), INTERVAL, `server-${i}`)),
  );
  for (const server of servers) stack.use(server);
  await Promise.all(servers.map((server) => warmedUp(server, pods.length)));

  const burners = busy ? burn(2 * availableParallelism()) : [];
  const staggerMs = busy ? 1000 / pods.length : STAGGER_MS;
  const ends = await Promise.all(
    pods.map(async (pod, i) => {
      await Bun.sleep((i + Math.random()) * staggerMs);
      return await endPod(pod);
    }),
  ).finally(() => {
    for (const one of burners) one.kill("SIGKILL");
  });
  await Bun.sleep(COMMIT_MS);
  const stored = await Promise.all(servers.map(storedByJob));
  return pods.map(({ job, ending, order, expectedScrapers }, i): Observation => {
    const plan = { ending, order, expectedScrapers };
    return { job, ...plan, ...(ends[i] as End), stored: stored.map((byJob) => byJob(job)) };
  });
}

/** Processes that take every core there is, for a minute at most. */
function burn(processes: number) {
  const program = "const end = Date.now() + 60_000; while (Date.now() < end);";
  return Array.from({ length: processes }, () => Bun.spawn(["bun", "-e", program]));
}

function jobs(pods: readonly Pod[], address: string) {
  return pods.map(({ job, port, ending }) => ({
    job,
    port,
    host: address,
    ...(ending === "slow-pages" ? { interval: SLOW_INTERVAL } : {}),
  }));
}

/** Waits until a server has scraped every pod twice: once is no cadence. */
async function warmedUp(server: RunningPrometheus, pods: number): Promise<void> {
  const scraped = async () => {
    await Bun.sleep(200);
    const twice = "count_over_time(app_order_seconds_count[1m]) >= 2";
    return (await server.query(twice)).length === pods;
  };
  await eventually("every pod was scraped twice", scraped, 30_000);
}

async function storedByJob(server: RunningPrometheus): Promise<(job: string) => Stored> {
  const ask = async (series: string) => {
    const samples = await server.query(`sum by (job) (last_over_time(${series}[5m]))`);
    return new Map(samples.map(({ metric, value }) => [metric.job, value]));
  };
  const counters = await ask("app_orders_total");
  const histograms = await ask("app_order_seconds_count");
  return (job) => ({ counter: counters.get(job), histogram: histograms.get(job) });
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? "") as Plan;
  process.stdout.write(JSON.stringify(await runMatrix(plan)));
}
