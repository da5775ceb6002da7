import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServices, FakeApiServer } from "../testing/api-server.ts";
import { createCluster, readVersion } from "./api.ts";
import { connect, hasCluster, ownNamespace } from "./connection.ts";

let directory: string;
let api: FakeApiServer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "service-account-"));
  api = await FakeApiServer.start();
  writeFileSync(join(directory, "ca.crt"), api.ca);
  writeFileSync(join(directory, "token"), api.token);
  writeFileSync(join(directory, "namespace"), "hook\n");
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await api[Symbol.asyncDispose]();
});

const inCluster = () => ({
  KUBERNETES_SERVICE_HOST: "127.0.0.1",
  KUBERNETES_SERVICE_PORT: String(api.port),
});

describe("connect()", () => {
  test("reaches the API server by the service account, its certificate verified", async () => {
    const connection = await connect({ env: inCluster(), serviceAccount: directory });
    const cluster = await createCluster(connection);
    expect(await cluster.serverVersion()).toEqual({ major: 1, minor: 32 });
  });

  test("goes past a proxy for the outside", async () => {
    process.env.HTTPS_PROXY = "http://127.0.0.1:1";
    try {
      const connection = await connect({ env: inCluster(), serviceAccount: directory });
      expect((await (await createCluster(connection)).serverVersion()).major).toBe(1);
    } finally {
      delete process.env.HTTPS_PROXY;
    }
  });

  test("writes an IPv6 address in brackets", async () => {
    const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
    const { server } = await connect({ env, serviceAccount: directory });
    expect(server).toBe("https://[fd00::1]:6443");
  });

  test("says what to do outside a cluster", () => {
    expect(connect({ env: {} })).rejects.toThrow("give --kubeconfig");
  });
});

test("hasCluster() is true in a pod and with a kubeconfig", () => {
  expect(hasCluster({ env: {} })).toBe(false);
  expect(hasCluster({ env: inCluster() })).toBe(true);
  expect(hasCluster({ env: {}, kubeconfig: "x" })).toBe(true);
});

test("ownNamespace() is that of the service account", () => {
  expect(ownNamespace(directory)).toBe("hook");
  expect(ownNamespace("/none")).toBeUndefined();
});

test.each<[string, string, number]>([
  ["1", "32", 32],
  ["1", "32+", 32],
  ["1", "30-gke.1", 30],
])("readVersion(%p.%p) is 1.%p", (major, minor, expected) => {
  expect(readVersion({ major, minor })).toEqual({ major: 1, minor: expected });
});

test("readVersion() refuses what is none", () => {
  expect(() => readVersion({ major: "", minor: "x" })).toThrow("a version that is none");
});

test("listServices() gives the facts that matter", async () => {
  for (const service of createServices()) api.put("services", service);
  const connection = await connect({ env: inCluster(), serviceAccount: directory });
  expect(await (await createCluster(connection)).listServices("shop")).toEqual([
    {
      name: "shop",
      selector: { app: "shop" },
      type: "LoadBalancer",
      ports: [
        { name: "web", port: 80, targetPort: "metrics", appProtocol: "http" },
        { port: 81, targetPort: 8080 },
      ],
    },
    { name: "nobody", selector: {}, type: "ClusterIP", ports: [] },
  ]);
});
