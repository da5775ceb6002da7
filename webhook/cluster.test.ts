/** The compiled executable beside an API server: its own certificate, `auto`, Services; and its commands. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfiguration, createServices } from "../shared/testing/api-object.ts";
import { FakeApiServer } from "../shared/testing/api-server.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type RunningProcess, runProcess, startProcess } from "../shared/testing/process.ts";
import { createPod, createReview, type Json } from "./testing/review.ts";

const webhook = join(import.meta.dir, "../dist/webhook");
const CONFIGURATION = "prometheus-metrics-proxy-hook";
const SECRET = "prometheus-metrics-proxy-hook-self-signed";
/** By which the API server calls the webhook. */
const SERVER_NAME = "prometheus-metrics-proxy-hook.hooks.svc";

let directory: string;
let api: FakeApiServer;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "webhook-cluster-"));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  api = await FakeApiServer.start();
  api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
});
afterEach(async () => await api[Symbol.asyncDispose]());

function start(...flags: string[]): RunningProcess {
  const kubeconfig = join(directory, `${api.port}.yaml`);
  api.writeKubeconfig(kubeconfig);
  return startProcess([
    webhook,
    "--host=127.0.0.1",
    "--port=0",
    "--metrics-bind-address=127.0.0.1:0",
    "--health-probe-bind-address=127.0.0.1:0",
    "--shutdown-delay=0s",
    "--log-format=json",
    "--self-signed",
    "--namespace=hooks",
    `--kubeconfig=${kubeconfig}`,
    ...flags,
  ]);
}

/** The authorities that the API server would verify by. */
function caBundle(): string {
  const { webhooks } = api.get("mutatingwebhookconfigurations", CONFIGURATION) as unknown as {
    webhooks: { clientConfig: { caBundle?: string } }[];
  };
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
}

/** Asks as the API server does: by the Service's name, verified by the caBundle. */
async function admit(child: RunningProcess, pod: Json = createPod()): Promise<Json> {
  const answer = await fetch(`https://127.0.0.1:${await child.port("webhook")}/mutate`, {
    method: "POST",
    body: JSON.stringify(createReview(pod)),
    tls: { ca: caBundle(), serverName: SERVER_NAME },
  } as BunFetchRequestInit);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { response: Json }).response;
}

async function readiness(child: RunningProcess): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${await child.port("health")}/readyz`);
  return `${answer.status} ${(await answer.text()).trim()}`;
}

async function metricsOf(child: RunningProcess): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${await child.port("metrics")}/metrics`)).text();
}

const served = (child: RunningProcess) =>
  child.logged(({ msg }) => msg === "Serving a certificate");

describe("dist/webhook --self-signed", () => {
  test("is ready once it serves a certificate that the API server trusts", async () => {
    api.fault = () => ({ kind: "status", status: 503 });
    await using child = start();
    await child.logged(({ level }) => level === "WARN");
    expect(await readiness(child)).toBe("503 no certificate yet");
    api.fault = () => undefined;
    await served(child);
    expect(await readiness(child)).toBe("200 ok");
    expect(await admit(child)).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    const page = await metricsOf(child);
    expect(page).toMatch(/^webhook_certificate_expiry_seconds 77\d{5}/m);
    expect(page).toMatch(/^webhook_self_signed_authority_expiry_seconds 63\d{6}/m);
    expect(page).toContain('webhook_ca_bundle_patches_total{result="success"} 1');
  });

  test("shares one authority with another replica, whoever comes first", async () => {
    await using first = start();
    await using second = start();
    await Promise.all([served(first), served(second)]);
    for (const child of [first, second])
      expect(await admit(child)).toMatchObject({ allowed: true });
  });

  test("serves a new certificate without a restart, when the Secret is gone and while it is asked", async () => {
    await using child = start();
    await served(child);
    const before = caBundle();
    api.remove("secrets", SECRET);
    await eventually("another authority", () => caBundle() !== before);
    await child.logged(
      ({ msg, reason }) => msg === "Made a serving certificate" && reason === "missing",
    );
    await eventually(
      "trust",
      async () =>
        await admit(child).then(
          () => true,
          () => false,
        ),
    );
  });

  test("never prints a key or a token", async () => {
    const child = start("--log-level=debug");
    await served(child);
    await admit(child);
    const page = await metricsOf(child);
    child.kill();
    const { code, stderr, stdout } = await child.ended();
    expect(code).toBe(0);
    for (const text of [stderr, stdout, page]) {
      expect(text).not.toContain("PRIVATE KEY");
      expect(text).not.toContain(api.token);
    }
  });

  test.each([
    [
      "in no cluster",
      [],
      "--self-signed: KUBERNETES_SERVICE_HOST is not set: this is no pod, so give --kubeconfig",
    ],
    ["by a kubeconfig that is not there", ["--kubeconfig=/none"], '--kubeconfig "/none": '],
  ])("does not start %s, and says what to do", async (_name, flags, text) => {
    const { code, stderr } = await runProcess([webhook, "--self-signed", ...flags]);
    expect(code).toBe(78);
    expect(stderr).toContain(text);
  });
});

describe("dist/webhook in a cluster", () => {
  test.each<[string, string, boolean]>([
    ["1.31", "31", false],
    ["1.32", "32", true],
  ])(
    "injects native sidecars by --enable-sidecar-containers=auto under API server %s: %p",
    async (_name, minor, native) => {
      api.version = { major: "1", minor };
      await using child = start("--enable-sidecar-containers=auto");
      await child.logged(({ native_sidecars }) => native_sidecars === native);
      await served(child);
      const patch = Buffer.from(String((await admit(child)).patch), "base64").toString();
      expect(patch.includes('"/spec/initContainers"')).toBe(native);
    },
  );

  test("leaves a port's name where a Service of the namespace needs it, by --look-up-services", async () => {
    for (const service of createServices()) api.put("services", service);
    await using child = start("--look-up-services");
    await served(child);
    const ports = [{ name: "metrics", containerPort: 9090 }];
    const annotations = { "prometheus.io/wait": "true", "prometheus.io/wait-port-name": "metrics" };
    const pod = createPod({ annotations, spec: { containers: [{ name: "a", ports }] } });
    const { warnings } = await admit(child, pod);
    expect(warnings).toEqual([expect.stringContaining('Service "shop" sends other requests')]);
    api.fault = ({ path }) =>
      path.endsWith("/services") ? { kind: "status", status: 403 } : undefined;
    const failed = await admit(child, pod);
    expect(failed.warnings).toEqual([expect.stringContaining("could not be looked up")]);
    const warned = await child.logged(
      ({ level, msg }) => level === "WARN" && msg.includes("Services"),
    );
    expect(warned.error).toContain("may not list services");
  });
});

describe("dist/webhook's commands", () => {
  const shop = join(import.meta.dir, "testdata/shop.yaml");

  test("inject prints a manifest that is injected once, however often", async () => {
    const first = await runProcess([webhook, "inject", "-f", shop]);
    expect(first.code).toBe(0);
    const injected = join(directory, "injected.yaml");
    await Bun.write(injected, first.stdout);
    expect((await runProcess([webhook, "inject", "-f", injected])).stdout).toBe(first.stdout);
  });

  test("explain and --help are there, bad flags end with 78 and bad files with 1", async () => {
    const explained = await runProcess([webhook, "explain", "--filename", shop, "-o", "json"]);
    expect(JSON.parse(explained.stdout)).toHaveLength(2);
    const help = await runProcess([webhook, "inject", "--help"]);
    expect(help.stdout).toContain("-f, --filename FILE");
    const wrong = await runProcess([webhook, "inject", "--sidecar-image=A B"]);
    expect([wrong.code, wrong.stderr]).toEqual([78, expect.stringContaining("--filename")]);
    expect((await runProcess([webhook, "explain", "-f", "/none"])).code).toBe(1);
  });
});
