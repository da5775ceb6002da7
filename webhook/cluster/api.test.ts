import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../shared/cluster/connection.ts";
import { createServices } from "../../shared/testing/api-object.ts";
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import { type Cluster, createCluster, readVersion } from "./api.ts";

async function reach(api: FakeApiServer): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), "cluster-api-"));
  const kubeconfig = join(directory, "kubeconfig");
  api.writeKubeconfig(kubeconfig);
  const connection = await connect({ env: {}, kubeconfig });
  rmSync(directory, { recursive: true });
  return await createCluster(connection);
}

test("serverVersion() is that of the API server", async () => {
  await using api = await FakeApiServer.start();
  const cluster = await reach(api);
  expect(await cluster.serverVersion()).toEqual({ major: 1, minor: 32 });
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
  await using api = await FakeApiServer.start();
  for (const service of createServices()) api.put("services", service);
  expect(await (await reach(api)).listServices("shop")).toEqual([
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
