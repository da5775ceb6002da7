/** A pod as the webhook rewrites it, with its application and its sidecar running. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogEntry, runProcess, startProcess } from "../shared/testing/process.ts";
import { INTERVAL_SECONDS } from "./discovery.ts";
import { type PodObject, type Running, startSidecar } from "./kubelet.ts";
import { createPod, port } from "./scraping-pods.ts";

const ROOT = join(import.meta.dir, "..");

/** An application with the sidecar that `webhook inject` gives it, both running. */
export async function runInjected(
  stack: AsyncDisposableStack,
  { name, ip, native }: { readonly name: string; readonly ip: string; readonly native: boolean },
) {
  const directory = await mkdtemp(join(tmpdir(), "every-scrape-whole-e2e-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const program = join(import.meta.dir, "application.ts");
  const application = stack.use(startProcess(["bun", program, "--ending=drain-and-serve"]));
  const original = await application.port("metrics");
  const annotations = {
    "prometheus.io/scrape": "true",
    "prometheus.io/wait": "true",
    "prometheus.io/port": String(original),
  };
  const containers = [{ name: "shop", image: "shop:1", ports: [port(original)] }];
  const file = join(directory, "pod.json");
  await Bun.write(file, JSON.stringify(createPod({ name, ip, annotations, spec: { containers } })));
  const { stdout } = await runProcess([
    `${ROOT}/dist/webhook`,
    "inject",
    `--filename=${file}`,
    `--enable-sidecar-containers=${native}`,
    `--scrape-interval-seconds=${INTERVAL_SECONDS}`,
  ]);
  const pod = Bun.YAML.parse(stdout) as PodObject;
  const sidecar = startSidecar(pod);
  stack.use(sidecar.process);
  const proxy = await sidecar.process.port("proxy");
  await fetch(`http://127.0.0.1:${original}/${proxy}`, { method: "PUT" });
  const [container = { name: "" }] = pod.spec.containers;
  const running: readonly Running[] = [{ container, process: application }, sidecar];
  const counted = async () => {
    const entry = await application.logged(({ msg }) => msg === "Counted");
    return (entry as LogEntry & { total: number }).total;
  };
  const parts = { name, ip, annotations: pod.metadata.annotations, spec: pod.spec };
  const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? 30;
  return { parts, original, running, graceSeconds, counted };
}
