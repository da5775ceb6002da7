import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeApiServer } from "../testing/api-server.ts";
import { type Connection, connect, hasCluster, ownNamespace } from "./connection.ts";

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

async function minorVersion(connection: Connection): Promise<unknown> {
  const signal = AbortSignal.timeout(5000);
  const url = `${connection.server}/version`;
  const answer = await connection.send({ method: "GET", url, headers: {}, signal });
  return ((await answer.json()) as { minor: unknown }).minor;
}

describe("connect()", () => {
  test("reaches the API server by the service account, its certificate verified", async () => {
    const connection = await connect({ env: inCluster(), serviceAccount: directory });
    expect(await minorVersion(connection)).toBe("32+");
  });

  test("goes past a proxy for the outside", async () => {
    process.env.HTTPS_PROXY = "http://127.0.0.1:1";
    try {
      const connection = await connect({ env: inCluster(), serviceAccount: directory });
      expect(await minorVersion(connection)).toBe("32+");
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
