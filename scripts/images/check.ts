/**
 * The Dockerfile on stand-in base images: builds each component, runs it as Kubernetes would (its user, a
 * read-only root, 128 MiB, no capabilities), asks whether it is ready, and ends it. `just image-check`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { version } from "../../package.json" with { type: "json" };
import { createCertificate } from "../../shared/testing/certificate.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { type RunningProcess, startProcess } from "../../shared/testing/process.ts";
import { buildImage, type Engine, environment, findEngine, IMAGES, run } from "./engine.ts";
import { createBaseImage, createBuildImage } from "./stand-in.ts";

const ROOT = join(import.meta.dir, "../..");
const REVISION = "0123456789ab";
const JSON_LOG = "--log-format=json";
// Of the sandboxes that allow no higher ones; the executables need far fewer.
const LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];

/** How a component is started for the check. */
interface Start {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A directory for /certs. */
  readonly certificates?: string;
  /** The listener with health, as its log names it, and where it is asked. */
  readonly listener: string;
  readonly path: string;
  /** What ends with it: the sidecar stays for as long as its application answers. */
  readonly beside?: RunningProcess;
}

const stack = new AsyncDisposableStack();
let engine: Engine = "podman";
const starts = new Map<string, Start>();

beforeAll(async () => {
  engine = await findEngine(["podman", "docker"]);
  const args = {
    BUILD_IMAGE: await createBuildImage(engine),
    BASE_IMAGE: await createBaseImage(engine),
    REVISION,
  };
  const flags = ["--network=host", ...engineFlags(), ...LIMITS];
  for (const component of Object.keys(IMAGES)) {
    await buildImage(engine, { component, tag: tagOf(component), args, flags });
  }
  starts.set("webhook", await startOfWebhook());
  starts.set("sidecar", await startOfSidecar());
  starts.set("exporter", await startOfExporter());
}, 600_000);

afterAll(async () => {
  await stack.disposeAsync();
});

/** crun of Debian 12 refuses machines with both generations of cgroups. */
function engineFlags(): readonly string[] {
  return engine === "podman" && Bun.which("runc") !== null ? ["--runtime=runc"] : [];
}

function tagOf(component: string): string {
  return `localhost/image-check/${IMAGES[component]}`;
}

async function startOfWebhook(): Promise<Start> {
  const certificates = await temporaryDirectory();
  const { cert, key } = await createCertificate();
  // Readable for the image's user, as fsGroup makes it in a cluster.
  await $`chmod 755 ${certificates}`;
  await Bun.write(join(certificates, "tls.crt"), cert);
  await Bun.write(join(certificates, "tls.key"), key);
  const local = ["--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"];
  const args = ["--host=127.0.0.1", "--port=0", "--cert-dir=/certs", "--shutdown-delay=0s"];
  return { args: [...args, ...local], certificates, listener: "health", path: "/readyz" };
}

async function startOfSidecar(): Promise<Start> {
  const command = ["bun", join(ROOT, "dev/demo-app.ts"), JSON_LOG, "--port=0", "--drain=0s"];
  const application = stack.use(startProcess(command));
  const port = await application.port("metrics");
  // No scraper ever comes here, and none is waited for.
  const own = ["--host=127.0.0.1", "--proxy-port=0", "--unscraped-wait-seconds=0"];
  const args = [...own, `--original-port=${port}`];
  return { args, listener: "proxy", path: "/metrics", beside: application };
}

async function startOfExporter(): Promise<Start> {
  const command = ["bun", join(ROOT, "exporter/ktcloud/simulator.ts"), JSON_LOG, "--port=0"];
  const simulator = stack.use(startProcess(command));
  const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
  const args = ["--web.listen-address=127.0.0.1:0", `--api.url=${cloud}`];
  const env = {
    CLOUD_ID: "demo@example.com",
    CLOUD_PASSWORD: "demo-password",
    CLOUD_ZONE: "DX-M1",
  };
  return { args, env, listener: "web", path: "/-/ready" };
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "image-check-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function startContainer(component: string, name: string): RunningProcess {
  const { args, env = {}, certificates } = starts.get(component) as Start;
  const command: string[] = [engine, "run", "--rm", `--name=${name}`, "--network=host"];
  command.push(
    "--read-only",
    "--memory=128m",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
  );
  command.push(...engineFlags(), ...LIMITS);
  for (const [variable, value] of Object.entries(env)) command.push(`--env=${variable}=${value}`);
  if (certificates !== undefined) command.push(`--volume=${certificates}:/certs:ro`);
  command.push(tagOf(component), JSON_LOG, ...args);
  return startProcess(command, { env: environment() });
}

describe.each(Object.keys(IMAGES))("the image of %s", (component) => {
  test("holds one executable and runs it as 65532, and says what it is", async () => {
    const tag = tagOf(component);
    const [image] = JSON.parse(await run([engine, "inspect", tag])) as [
      { readonly Config: { readonly User: string; readonly Labels: Record<string, string> } },
    ];
    expect(image.Config.User).toBe("65532:65532");
    expect(image.Config.Labels).toMatchObject({
      "org.opencontainers.image.title": component,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": REVISION,
      "org.opencontainers.image.licenses": "Apache-2.0",
    });
    const flags = ["--rm", "--network=none", ...engineFlags(), ...LIMITS];
    const expected = `${component} ${version} (revision ${REVISION}`;
    expect(await run([engine, "run", ...flags, tag, "--version"])).toStartWith(expected);
    // As `kubectl exec` does, where the image has no shell.
    const named = ["--entrypoint", IMAGES[component] ?? "", tag, "--version"];
    expect(await run([engine, "run", ...flags, ...named])).toStartWith(expected);
  });

  test("gets ready within 128 MiB on a read-only root, and ends with 0 at SIGTERM", async () => {
    const name = `image-check-${component}-${process.pid}`;
    await using container = startContainer(component, name);
    const { listener, path, beside } = starts.get(component) as Start;
    const url = `http://127.0.0.1:${await container.port(listener)}${path}`;
    await eventually(`${component} answers ${path}`, async () => (await fetch(url)).ok, 30_000);
    beside?.kill();
    await run([engine, "kill", "--signal=TERM", name]);
    expect((await container.ended()).code).toBe(0);
  }, 60_000);
});

test("the build context holds what the Dockerfile copies, and nothing else", async () => {
  const allowed = (await Bun.file(join(ROOT, ".dockerignore")).text()).matchAll(/^!(.+)$/gm);
  const dockerfile = await Bun.file(join(ROOT, "Dockerfile")).text();
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = ""]) =>
    files.split(" "),
  );
  expect(new Set([...allowed].map(([, path]) => path))).toEqual(new Set(copied));
  expect(await readdir(ROOT)).toContain("LICENSE");
});
