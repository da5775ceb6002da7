/** A fake API server -> a connection to it, and the Lease there, for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect } from "../../../shared/cluster/connection.ts";
import type { FakeApiServer } from "../../../shared/testing/api-server.ts";
import { createLeases, type Leases } from "../leases.ts";

export const NAMESPACE = "monitoring";
export const NAME = "lb-exporter";

export async function connectTo(api: FakeApiServer): Promise<Connection> {
  const directory = mkdtempSync(join(tmpdir(), "lease-"));
  const kubeconfig = join(directory, "kubeconfig");
  api.writeKubeconfig(kubeconfig);
  const connection = await connect({ env: {}, kubeconfig });
  rmSync(directory, { recursive: true });
  return connection;
}

export async function createLeasesOf(api: FakeApiServer): Promise<Leases> {
  return await createLeases(await connectTo(api), { namespace: NAMESPACE, name: NAME });
}

/** The spec of the Lease as it is stored. */
export function specIn(api: FakeApiServer): Readonly<Record<string, unknown>> | undefined {
  return api.get("leases", NAME)?.spec as Readonly<Record<string, unknown>> | undefined;
}

export function holderIn(api: FakeApiServer): unknown {
  return specIn(api)?.holderIdentity;
}
