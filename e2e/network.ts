/** A network of its own for two Prometheus servers with two addresses on one machine. */
import { join } from "node:path";
import { runProcess } from "../shared/testing/process.ts";
import type { Observation, Plan } from "./matrix.ts";

/** Who asks 127.0.0.1 does so from 127.0.0.1; who asks this address does so from 127.0.2.1. */
export const SECOND_ADDRESS = "127.0.1.1";

const SETUP = `ip link set lo up && ip route replace local ${SECOND_ADDRESS}/32 dev lo src 127.0.2.1 table local`;

/**
 * Runs a plan in a network namespace with nothing but a loopback device, and in a process namespace: what
 * was set up and started goes when it ends. Throws if the machine allows no namespaces.
 */
export async function runMatrixApart(plan: Plan): Promise<readonly Observation[]> {
  const user = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const apart = ["unshare", ...user, "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const allowed = await runProcess([...apart, "sh", "-c", SETUP]);
  if (allowed.code !== 0) {
    const need = "needs namespaces (root, or unprivileged user namespaces) and iproute2";
    throw new Error(`Two servers at two addresses: this ${need}:\n${allowed.stderr}`);
  }
  const program = [join(import.meta.dir, "matrix.ts"), JSON.stringify(plan)];
  const script = `${SETUP} && exec bun "$@"`;
  const env = { SIDECAR_BINARY: process.env.SIDECAR_BINARY ?? "" };
  const run = await runProcess([...apart, "sh", "-c", script, "sh", ...program], { env });
  if (run.code !== 0) throw new Error(`The pods did not run to their end:\n${run.stderr}`);
  return JSON.parse(run.stdout) as readonly Observation[];
}
