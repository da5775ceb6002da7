/**
 * The webhook's own pods under a real Prometheus: the compiled webhook injects, what it wrote is run and
 * ended as the kubelet does, and what Prometheus stored is compared with what was counted.
 */
import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCertificate } from "../dev/certificate.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type LogEntry, startProcess } from "../shared/testing/process.ts";
import { applyPatch } from "../webhook/testing/apply.ts";
import { createPod, createReview, type Json } from "../webhook/testing/review.ts";
import { type Ending, GAP_MS, PER_SECOND } from "./endings.ts";
import { endContainers, type PodObject, type Running, startSidecar } from "./kubelet.ts";
import { type RunningPrometheus, startPrometheus } from "./prometheus.ts";

const ROOT = join(import.meta.dir, "..");

/** A webhook that runs. */
interface Webhook {
  readonly mutate: string;
  readonly metrics: string;
  readonly ca: string;
}

async function startWebhook(stack: AsyncDisposableStack, native: boolean): Promise<Webhook> {
  const directory = await mkdtemp(join(tmpdir(), "every-scrape-whole-e2e-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await writeCertificate(directory);
  // Sidecars are told where to report before the webhook's port is known: so it is one of ours.
  const port = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const metrics = `127.0.0.1:${port.port}`;
  port.stop(true);
  const child = stack.use(
    startProcess([
      `${ROOT}/dist/webhook`,
      "--log-format=json",
      "--host=127.0.0.1",
      "--port=0",
      `--metrics-bind-address=${metrics}`,
      "--health-probe-bind-address=0",
      `--cert-dir=${directory}`,
      `--enable-sidecar-containers=${native}`,
      // Ends take as long as a scrape interval, which is 2 s here.
      "--scrape-interval-seconds=2",
      `--sidecar-report-url=http://${metrics}/report`,
    ]),
  );
  return {
    mutate: `https://localhost:${await child.port("webhook")}/mutate`,
    metrics: `http://${metrics}/metrics`,
    ca: await readFile(join(directory, "ca.crt"), "utf8"),
  };
}

/** The pod as the webhook would have it started. */
async function inject({ mutate, ca }: Webhook, pod: Json): Promise<PodObject> {
  const body = JSON.stringify(createReview(pod));
  const answer = await fetch(mutate, { method: "POST", body, tls: { ca } });
  const { response } = (await answer.json()) as {
    response: { patch: string; warnings?: string[] };
  };
  expect(response.warnings).toBeUndefined();
  const patch: unknown = JSON.parse(Buffer.from(response.patch, "base64").toString());
  return applyPatch(pod, patch as never) as unknown as PodObject;
}

interface Injected {
  readonly running: readonly Running[];
  readonly pod: PodObject;
  readonly counted: () => Promise<number>;
}

/** Runs an application that ends in that way, in a pod that the webhook has injected. */
async function runPod(
  stack: AsyncDisposableStack,
  webhook: Webhook,
  { ending, spec }: Case,
): Promise<Injected> {
  const program = join(import.meta.dir, "application.ts");
  const application = stack.use(startProcess(["bun", program, `--ending=${ending}`]));
  const port = await application.port("metrics");
  const annotations = {
    "prometheus.io/wait": "true",
    "prometheus.io/scrape": "true",
    "prometheus.io/port": String(port),
  };
  const containers = [{ name: "application", image: "a:1", ports: [{ containerPort: port }] }];
  const pod = await inject(webhook, createPod({ annotations, spec: { containers, ...spec } }));
  const sidecar = startSidecar(pod);
  stack.use(sidecar.process);
  const proxy = await sidecar.process.port("proxy");
  await fetch(`http://127.0.0.1:${port}/${proxy}`, { method: "PUT" });
  const container = pod.spec.containers[0] ?? { name: "" };
  const counted = async () => {
    const entry = await application.logged(({ msg }) => msg === "Counted");
    return (entry as LogEntry & { total: number }).total;
  };
  return { running: [{ container, process: application }, sidecar], pod, counted };
}

/** As a scrape configuration reads it. */
function scrapeJob(job: string, { metadata: { annotations } }: PodObject) {
  return { job, port: Number(annotations["prometheus.io/port"]) };
}

async function stored(server: RunningPrometheus, job: string): Promise<number> {
  const query = `sum(last_over_time(app_orders_total{job="${job}"}[5m]))`;
  return (await server.query(query))[0]?.value ?? 0;
}

/** One pod: how it ends, and how much of what it counted may be lost. */
interface Case {
  readonly ending: Ending;
  readonly spec: Json;
  /** Somebody deletes it; otherwise its application ends by itself. */
  readonly deleted: boolean;
  readonly most: number;
}

/** What an application counts between its last captured page and its exit: at most one capture gap. */
const GAP = (GAP_MS / 1000) * PER_SECOND;

const DELETED: readonly Case[] = [
  { ending: "drain-and-serve", spec: {}, deleted: true, most: 0 },
  { ending: "flush", spec: {}, deleted: true, most: 0 },
  { ending: "exit-at-once", spec: {}, deleted: true, most: GAP },
];

/** Nobody announces a job's end: what its last second counted is what --background-capture-seconds bounds. */
const JOB: Case = {
  ending: "exit-at-once",
  spec: { restartPolicy: "Never" },
  deleted: false,
  most: PER_SECOND + GAP,
};

test.each<[string, boolean, readonly Case[]]>([
  ["regular", false, DELETED],
  ["native", true, [...DELETED, JOB]],
])(
  "a pod with a %s sidecar is scraped by its annotations, ends in time and loses nothing that was promised",
  async (_name, native, cases) => {
    await using stack = new AsyncDisposableStack();
    const webhook = await startWebhook(stack, native);
    const pods = await Promise.all(cases.map((one) => runPod(stack, webhook, one)));
    const jobs = pods.map(({ pod }, i) => scrapeJob(`pod-${i}`, pod));
    await using server = await startPrometheus(jobs, "2s");
    const twice = "count_over_time(app_order_seconds_count[1m]) >= 2";
    const scraped = async () => {
      await Bun.sleep(200);
      return (await server.query(twice)).length === pods.length;
    };
    await eventually("every pod was scraped twice", scraped, 30_000);

    const endings = await Promise.all(
      pods.map(async ({ running, pod }, i) => {
        const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30;
        expect(graceSeconds).toBe(30 + 2 + 5);
        const deleted = cases[i]?.deleted ?? true;
        return await endContainers(running, { graceSeconds, deleted });
      }),
    );
    await Bun.sleep(1000); // Prometheus has a page in its storage a moment after it has read it.
    for (const [i, { deleted, most }] of cases.entries()) {
      const lost = ((await pods[i]?.counted()) ?? 0) - (await stored(server, `pod-${i}`));
      expect({ i, lost, tooMuch: lost > most }).toEqual({ i, lost, tooMuch: false });
      expect(endings[i]).toMatchObject({ killed: [] });
      expect(endings[i]?.seconds).toBeLessThan(15);
      const called = { application: "200", ...(native && { "prometheus-metrics-proxy": "200" }) };
      expect(Object.fromEntries(endings[i]?.hooks ?? [])).toEqual(deleted ? called : {});
    }
    const page = await (await fetch(webhook.metrics)).text();
    const total = (series: RegExp) =>
      [...page.matchAll(series)].reduce((sum, [, n]) => sum + Number(n), 0);
    const ends = total(/^webhook_final_scrapes_total{.*} (\d+)$/gm);
    const complete = total(/^webhook_final_scrapes_total{.*,complete="true"} (\d+)$/gm);
    const begun = total(/^webhook_final_scrapes_begun_total (\d+)$/gm);
    // A job that counted to its end has lost some of it, and nobody calls that complete.
    const whole = cases.filter(({ deleted }) => deleted).length;
    expect({ begun, ends, complete }).toEqual({
      begun: cases.length,
      ends: cases.length,
      complete: whole,
    });
  },
);
