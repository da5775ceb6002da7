/** How each component is started where nothing else is there: flags, what stands beside it, and what says it is ready. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificate } from "../../shared/testing/certificate.ts";
import { type RunningProcess, startProcess } from "../../shared/testing/process.ts";

const ROOT = join(import.meta.dir, "../..");

/** The ports are in it. */
export const JSON_LOG = "--log-format=json";

/** A component's start. */
export interface Start {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A directory that a container needs under the same path. */
  readonly directory?: string;
  /** The listener with health, as its log names it, and where it is asked. */
  readonly listener: string;
  readonly path: string;
  /** What ends with it: the sidecar stays for as long as its application answers. */
  readonly beside?: RunningProcess;
}

/** The starts by component; what they need ends with the stack. */
export async function createStarts(
  stack: AsyncDisposableStack,
): Promise<Readonly<Record<string, Start>>> {
  return {
    webhook: await startOfWebhook(stack),
    sidecar: await startOfSidecar(stack),
    exporter: await startOfExporter(stack),
  };
}

async function startOfWebhook(stack: AsyncDisposableStack): Promise<Start> {
  const directory = await mkdtemp(join(tmpdir(), "certificates-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const { cert, key } = await createCertificate();
  // Readable for the image's user, as fsGroup makes it in a cluster.
  await chmod(directory, 0o755);
  await writeFile(join(directory, "tls.crt"), cert);
  await writeFile(join(directory, "tls.key"), key);
  const local = ["--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"];
  const args = ["--host=127.0.0.1", "--port=0", `--cert-dir=${directory}`, "--shutdown-delay=0s"];
  return { args: [...args, ...local], directory, listener: "health", path: "/readyz" };
}

async function startOfSidecar(stack: AsyncDisposableStack): Promise<Start> {
  const command = ["bun", join(ROOT, "dev/demo-app.ts"), JSON_LOG, "--port=0", "--drain=0s"];
  const application = stack.use(startProcess(command));
  const port = await application.port("metrics");
  // No scraper ever comes here, and none is waited for.
  const own = ["--host=127.0.0.1", "--proxy-port=0", "--unscraped-wait-seconds=0"];
  const args = [...own, `--original-port=${port}`];
  return { args, listener: "proxy", path: "/metrics", beside: application };
}

async function startOfExporter(stack: AsyncDisposableStack): Promise<Start> {
  const command = ["bun", join(ROOT, "exporter/ktcloud/simulator.ts"), JSON_LOG, "--port=0"];
  const simulator = stack.use(startProcess(command));
  const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
  const own = ["--web.listen-address=127.0.0.1:0", "--collect.start-jitter=0s"];
  const args = [...own, `--api.url=${cloud}`];
  const env = {
    CLOUD_ID: "demo@example.com",
    CLOUD_PASSWORD: "demo-password",
    CLOUD_ZONE: "DX-M1",
  };
  return { args, env, listener: "web", path: "/-/ready" };
}
