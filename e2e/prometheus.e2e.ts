/** The compiled executables under a real Prometheus: every page is taken, and no count is lost. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCertificate } from "../dev/certificate.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type RunningProcess, startProcess } from "../shared/testing/process.ts";
import { startPrometheus } from "./prometheus.ts";
import { complaints } from "./promtool.ts";

const ROOT = join(import.meta.dir, "..");
const JSON_LOG = "--log-format=json";

/** A demo application and a sidecar before it. */
async function startPod(stack: AsyncDisposableStack) {
  const application = stack.use(
    startProcess(["bun", `${ROOT}/dev/demo-app.ts`, JSON_LOG, "--port=0"]),
  );
  const original = await application.port("metrics");
  const sidecar = stack.use(startSidecar(original));
  return { application, sidecar, port: await sidecar.port("proxy") };
}

function startSidecar(originalPort: number): RunningProcess {
  const args = ["--host=127.0.0.1", "--proxy-port=0", `--original-port=${originalPort}`];
  return startProcess([`${ROOT}/dist/sidecar`, JSON_LOG, ...args]);
}

async function startExporter(stack: AsyncDisposableStack): Promise<number> {
  const command = ["bun", `${ROOT}/exporter/ktcloud/simulator.ts`, JSON_LOG, "--port=0"];
  const simulator = stack.use(startProcess(command));
  const url = `http://127.0.0.1:${await simulator.port("simulator")}`;
  const args = ["--web.listen-address=127.0.0.1:0", `--api.url=${url}`, "--collect.interval=1s"];
  const env = {
    CLOUD_ID: "demo@example.com",
    CLOUD_PASSWORD: "demo-password",
    CLOUD_ZONE: "DX-M1",
  };
  const exporter = stack.use(startProcess([`${ROOT}/dist/exporter`, JSON_LOG, ...args], { env }));
  return await exporter.port("web");
}

async function startWebhook(stack: AsyncDisposableStack): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), "every-scrape-whole-e2e-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await writeCertificate(dir);
  const args = ["--host=127.0.0.1", "--port=0", "--metrics-bind-address=127.0.0.1:0"];
  const health = "--health-probe-bind-address=0";
  const command = [`${ROOT}/dist/webhook`, JSON_LOG, ...args, health, `--cert-dir=${dir}`];
  return await stack.use(startProcess(command)).port("metrics");
}

describe("every page", () => {
  test("is taken by Prometheus, and promtool complains of nothing but inherited names", async () => {
    await using stack = new AsyncDisposableStack();
    const { port: sidecar } = await startPod(stack);
    const exporter = await startExporter(stack);
    const webhook = await startWebhook(stack);
    const jobs = [
      { job: "demo-app", port: sidecar },
      { job: "sidecar", port: sidecar, path: "/-/metrics" },
      { job: "ktcloud-lb", port: exporter },
      { job: "exporter", port: exporter, path: "/-/metrics" },
      { job: "webhook", port: webhook },
    ];
    const prometheus = stack.use(await startPrometheus(jobs, "1s"));
    await eventually("every target is up", async () => {
      return (await prometheus.query("up == 1")).length === jobs.length;
    });
    const [servers] = await prometheus.query("count(ktcloud_lb_server_state)");
    expect(servers?.value).toBeGreaterThan(0);

    for (const { job, port, path = "/metrics" } of jobs) {
      const page = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
      expect({ job, complaints: await complaints(page) }).toEqual({ job, complaints: [] });
    }
  });
});

describe("a pod's end", () => {
  test("loses no count: Prometheus has stored what each application counted", async () => {
    await using stack = new AsyncDisposableStack();
    const pods = await Promise.all(Array.from({ length: 4 }, () => startPod(stack)));
    const jobs = pods.map(({ port }, i) => ({ job: `pod-${i}`, port }));
    const prometheus = stack.use(await startPrometheus(jobs, "2s"));
    await eventually("every pod was scraped twice", async () => {
      const counts = await prometheus.query("count_over_time(up[1m]) >= 2");
      return counts.length === pods.length;
    });

    // A third of a second apart, so that they end in different phases of the scrape interval.
    for (const { application, sidecar } of pods) {
      application.kill("SIGTERM");
      sidecar.kill("SIGTERM");
      await Bun.sleep(333);
    }
    for (const [i, { application, sidecar }] of pods.entries()) {
      expect((await sidecar.ended()).code).toBe(0);
      const { total } = await application.logged(({ msg }) => msg === "Counted");
      const stored = `sum(last_over_time(demo_orders_total{job="pod-${i}"}[1m]))`;
      const [sample] = await prometheus.query(stored);
      expect({ pod: i, stored: sample?.value }).toEqual({ pod: i, stored: Number(total) });
      expect(await sidecar.logged(({ msg }) => msg === "Final scrape")).toMatchObject({
        complete: true,
        missed: [],
      });
    }
  });

  test("is the sidecar's business also where it is process 1, which no signal ends by default", async () => {
    const user = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    const apart = ["unshare", ...user, "--pid", "--fork", "--kill-child", "--mount-proc"];
    const args = ["--host=127.0.0.1", "--proxy-port=0", "--termination-grace-period-seconds=5"];
    await using container = startProcess([...apart, `${ROOT}/dist/sidecar`, JSON_LOG, ...args]);
    await container.port("proxy");
    // unshare's only child is process 1 of its namespace.
    const children = await Bun.file(`/proc/${container.pid}/task/${container.pid}/children`).text();
    process.kill(Number(children.trim()), "SIGTERM");
    expect((await container.ended()).code).toBe(0);
    expect(await container.logged(({ msg }) => msg === "Final scrape")).toMatchObject({
      outcome: "nothing_captured",
    });
  });
});
