/** A pod's end in the terminal: what is counted, scraped and lost, with and without the sidecar. */
import type { Definition, Values } from "../shared/flags.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { logFlags } from "../shared/log.ts";
import { type RunningProcess, startProcess } from "../shared/testing/process.ts";
import { duration } from "../shared/values.ts";

const flags = {
  intervalMs: {
    flag: "scrape-interval",
    placeholder: "DURATION",
    default: "5s",
    help: "Pause between two scrapes; the pods end half an interval after the third.",
    schema: duration(500, 60_000),
  },
  ...logFlags,
} as const;

const definition: Definition<typeof flags> = {
  name: "just demo",
  prefix: "DEMO",
  about: "Shows a pod's end twice side by side, without the sidecar and with it.",
  flags,
};

const SCRAPES_BEFORE_THE_END = 3;

const ROOT = `${import.meta.dir}/..`;

/** A pod as the demo sees it: its processes, and where it is scraped. */
interface Pod {
  readonly name: string;
  readonly application: RunningProcess;
  readonly processes: readonly RunningProcess[];
  readonly url: string;
  /** Orders in the last page that was scraped. */
  scraped: number;
}

async function run(config: Values<typeof flags>, life: Life): Promise<void> {
  const clock = createClock();
  const pods = [
    await startPod("without the sidecar", false),
    await startPod("with the sidecar", true),
  ];
  for (const { processes } of pods) for (const one of processes) life.teardown.use(one);
  clock.say("Two applications count 50 orders a second, one of them behind the sidecar.");

  const stop = life.stopping;
  for (let n = 1; n <= SCRAPES_BEFORE_THE_END && !stop.aborted; n++) {
    if (n > 1) await sleep(config.intervalMs, stop);
    await scrapeAll(pods, clock);
  }
  await sleep(config.intervalMs / 2, stop);
  if (stop.aborted) return;
  clock.say("Both pods end, in the middle of the interval: SIGTERM to every process.");
  for (const { processes } of pods) for (const one of processes) one.kill("SIGTERM");
  await sleep(config.intervalMs / 2, stop);
  if (stop.aborted) return;
  await scrapeAll(pods, clock);
  await Promise.all(pods.flatMap(({ processes }) => processes.map((one) => one.ended())));
  clock.say("Both pods are gone.");
  print(`\n${await renderResult(pods)}`);
}

async function startPod(name: string, sidecar: boolean): Promise<Pod> {
  const json = "--log-format=json";
  const application = startProcess(["bun", `${ROOT}/dev/demo-app.ts`, json, "--port=0"]);
  const port = await application.port("metrics");
  if (!sidecar) return pod(name, [application], port);
  const command = ["bun", `${ROOT}/sidecar/main.ts`, json, "--host=127.0.0.1"];
  const proxy = startProcess([...command, `--original-port=${port}`, "--proxy-port=0"]);
  return pod(name, [application, proxy], await proxy.port("proxy"));
}

function pod(name: string, processes: [RunningProcess, ...RunningProcess[]], port: number): Pod {
  const url = `http://127.0.0.1:${port}/metrics`;
  return { name, application: processes[0], processes, url, scraped: 0 };
}

async function scrapeAll(pods: readonly Pod[], clock: Clock): Promise<void> {
  for (const one of pods) {
    const seen = await scrape(one.url);
    if (seen !== undefined) one.scraped = seen;
    const told = seen === undefined ? "the target is down" : `${seen} orders`;
    clock.say(`Scrape of the pod ${one.name}: ${told}.`);
  }
}

/** The orders on a page, or nothing if the target does not answer. */
async function scrape(url: string): Promise<number | undefined> {
  try {
    const headers = { "user-agent": "Prometheus/demo", accept: "text/plain;version=0.0.4" };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(2000) });
    if (answer.status !== 200) return undefined;
    const samples = (await answer.text()).matchAll(/^demo_orders_total\{.*\} (\d+)$/gm);
    return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
  } catch {
    return undefined; // The pod is gone: to the scraper a target that is down, and nothing more.
  }
}

async function renderResult(pods: readonly Pod[]): Promise<string> {
  const lines = [["", "counted", "scraped", "lost"]];
  for (const { name, application, scraped } of pods) {
    const { total } = await application.logged(({ msg }) => msg === "Counted");
    lines.push([name, String(total), String(scraped), String(Number(total) - scraped)]);
  }
  return lines
    .map(([name = "", ...cells]) => name.padEnd(20) + cells.map((c) => c.padStart(9)).join(""))
    .join("\n");
}

interface Clock {
  say(text: string): void;
}

function createClock(): Clock {
  const started = performance.now();
  return {
    say: (text) =>
      print(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}`),
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Sleeps, but no longer than until the signal. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await Promise.race([Bun.sleep(ms), aborted(signal)]);
}

const program = {
  definition,
  life: {
    teardownMs: 2000,
    secondSignal: "exit",
    // SIGHUP: the terminal was closed, and nobody is left to press Ctrl-C.
    signals: ["SIGTERM", "SIGINT", "SIGHUP"],
  },
} as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
