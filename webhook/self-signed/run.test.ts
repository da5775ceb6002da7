/** The loop as it lives: woken by watches, patient with failures, ended by its signal. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { connect } from "../../shared/cluster/connection.ts";
import { createLogger } from "../../shared/log.ts";
import { createConfiguration } from "../../shared/testing/api-object.ts";
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { isAllowed, type Rule } from "../../shared/testing/rights.ts";
import type { ServingCertificate } from "../certificates.ts";
import { createCluster } from "../cluster/api.ts";
import { createSelfSignedMetrics } from "./metrics.ts";
import { runSelfSigned } from "./run.ts";

const CONFIGURATION = "hook";

/** As the flags have them by default, and the manifests know them. */
const HOOK = {
  secretName: "prometheus-metrics-proxy-hook-self-signed",
  configurationName: "prometheus-metrics-proxy-hook",
};

let directory: string;
let api: FakeApiServer;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "self-signed-run-"));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  api = await FakeApiServer.start();
  api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
});
afterEach(async () => await api[Symbol.asyncDispose]());

/** A replica that never waits longer than a few milliseconds for anything but a change. */
async function start(
  serve?: (certificate: ServingCertificate) => void,
  names = { secretName: "s", configurationName: CONFIGURATION },
) {
  const kubeconfig = join(directory, `${api.port}.yaml`);
  api.writeKubeconfig(kubeconfig);
  const connection = await connect({ env: {}, kubeconfig });
  const controller = new AbortController();
  const served: ServingCertificate[] = [];
  const lines: Record<string, unknown>[] = [];
  const pauses: number[] = [];
  const registry = new Registry();
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
  const done = runSelfSigned({
    connection,
    cluster: await createCluster(connection),
    namespace: "hook",
    serviceName: "hook",
    ...names,
    serve: serve ?? ((certificate) => served.push(certificate)),
    log: createLogger({ level: "info", format: "json", write }),
    metrics: createSelfSignedMetrics(registry, Date.now),
    nowMs: Date.now,
    signal: controller.signal,
    random: () => 0,
    sleep: async (ms, signal) => {
      pauses.push(ms);
      // A pause until the next look lasts until something changes; the others are short.
      if (ms < 60_000) return await Bun.sleep(2);
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (!signal.aborted) await promise;
    },
  });
  return {
    served,
    lines,
    pauses,
    registry,
    [Symbol.asyncDispose]: async () => {
      controller.abort();
      await done;
    },
  };
}

/** What the API server would call the webhook by. */
function caBundle(): string | undefined {
  const { webhooks } = api.get("mutatingwebhookconfigurations", CONFIGURATION) as unknown as {
    webhooks: { clientConfig: { caBundle?: string } }[];
  };
  return webhooks[0]?.clientConfig.caBundle;
}

/** The next watches are answered by a status. */
function failWatches(status: number, times: number): void {
  let left = times;
  api.fault = ({ query }) => {
    if (query.get("watch") !== "true" || left === 0) return undefined;
    left -= 1;
    return { kind: "status", status };
  };
}

/** Both watches are open: what happens from now on is seen by them alone. */
async function watching(): Promise<void> {
  await eventually("both watches", () => api.watches === 2);
}

describe("runSelfSigned()", () => {
  test("serves a certificate, and then waits for changes", async () => {
    await using replica = await start();
    await eventually("a certificate", () => replica.served.length > 0);
    await watching();
    await eventually("a long pause", () => replica.pauses.at(-1) === 600_000);
    expect(caBundle()).toBeDefined();
  });

  test("puts back a caBundle that somebody resets, woken by the watch", async () => {
    await using replica = await start();
    await eventually("a certificate", () => replica.served.length > 0);
    await watching();
    const before = caBundle();
    api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
    await eventually("the caBundle", () => caBundle() === before);
  });

  test("serves what another replica has written, woken by the watch", async () => {
    await using replica = await start();
    await eventually("a certificate", () => replica.served.length > 0);
    await watching();
    api.remove("secrets", "s");
    await eventually("another certificate", () => replica.served.length > 1);
  });

  test.each<[string, () => void]>([
    ["ends", () => {}],
    ["finds its version too old", () => (api.expiredWatches = 4)],
    ["is answered 410", () => failWatches(410, 4)],
  ])("lists again where a watch %s, and still sees changes", async (_name, trouble) => {
    await using replica = await start();
    await eventually("a certificate", () => replica.served.length > 0);
    await watching();
    trouble();
    api.endWatches();
    await watching();
    api.remove("secrets", "s");
    await eventually("another certificate", () => replica.served.length > 1);
    expect(replica.lines.filter(({ level }) => level === "WARN")).toEqual([]);
  });

  test("goes on serving while the API server fails, counts every failure and logs each kind once", async () => {
    await using replica = await start();
    await eventually("a certificate", () => replica.served.length > 0);
    await watching();
    api.fault = () => ({ kind: "status", status: 503 });
    api.endWatches();
    const counted =
      /webhook_kubernetes_api_errors_total\{operation="watch_secret",code="5xx"\} (\d+)/;
    await eventually("ten failures", async () => {
      return Number(counted.exec(await replica.registry.metrics())?.[1]) >= 10;
    });
    const warnings = replica.lines.filter(({ level }) => level === "WARN");
    const texts = warnings.map(({ error }) => String(error));
    expect(texts).toContain("watch_secret: answered with status 503");
    expect(new Set(texts).size).toBe(texts.length);
    // Doubled from half a second, half of it at random, to half a minute.
    expect(
      replica.pauses.filter((ms) => ms === 250 || ms === 500 || ms === 15_000).length,
    ).toBeGreaterThan(3);
    expect(replica.served).toHaveLength(1);
    api.fault = () => undefined;
    api.remove("secrets", "s");
    await eventually("another certificate", () => replica.served.length > 1);
  });

  test("starts while the API server is down, and serves once it is there", async () => {
    api.fault = () => ({ kind: "status", status: 500 });
    await using replica = await start();
    await eventually("a failure", () => replica.lines.some(({ level }) => level === "WARN"));
    expect(replica.served).toEqual([]);
    api.fault = () => undefined;
    await eventually("a certificate", () => replica.served.length > 0);
  });

  test("blames the API server for nothing that is its own failure, and tries again", async () => {
    let offered = 0;
    await using replica = await start(() => {
      offered += 1;
      if (offered === 1) throw new TypeError("no such listener");
    });
    await eventually("a second offer", () => offered === 2);
    expect(replica.lines.filter(({ level }) => level === "ERROR")).toEqual([
      expect.objectContaining({ error: "no such listener" }),
    ]);
    expect(await replica.registry.metrics()).not.toMatch(/errors_total\{.*"\} [1-9]/);
  });

  test("needs no other rights than the manifests give it", async () => {
    const path = join(import.meta.dir, "../../manifests/webhook/components/self-signed/rbac.yaml");
    const documents = Bun.YAML.parse(await Bun.file(path).text()) as { rules?: Rule[] }[];
    const rules = documents.flatMap((document) => document.rules ?? []);
    const refused: string[] = [];
    api.fault = (asked) => {
      if (rules.some((rule) => isAllowed(rule, asked))) return undefined;
      refused.push(`${asked.method} ${asked.path}`);
      return { kind: "status", status: 403 };
    };
    api.put("mutatingwebhookconfigurations", createConfiguration(HOOK.configurationName));
    await using replica = await start(undefined, HOOK);
    await eventually("a certificate", () => replica.served.length > 0);
    await watching();
    api.remove("secrets", HOOK.secretName);
    await eventually("another certificate", () => replica.served.length > 1);
    api.put("secrets", {
      ...(api.get("secrets", HOOK.secretName) as NonNullable<ReturnType<typeof api.get>>),
      data: {},
    });
    await eventually("a third certificate", () => replica.served.length > 2);
    expect(refused).toEqual([]);
  });

  test("ends with its signal", async () => {
    const replica = await start();
    await watching();
    await replica[Symbol.asyncDispose]();
    await eventually("no watch", () => api.watches === 0);
  });
});
