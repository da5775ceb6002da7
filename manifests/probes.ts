/**
 * A container -> what its probes get from the real program, started with the arguments of the manifest, and whether
 * RBAC allows what that asks of the API server.
 */
import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { eventually } from "../shared/testing/eventually.ts";
import { type RunningProcess, startProcess } from "../shared/testing/process.ts";
import { allContainers } from "./policy/containers.ts";
import { commandOf } from "./programs.ts";
import { imageParts, type Rendered, type Workload } from "./render.ts";
import { findRefused, rulesFor } from "./rights.ts";
import { createStage } from "./stage.ts";

/** Names by which each program logs that it listens, by the name of the container's port. */
const LISTENERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "lb-exporter": { metrics: "web" },
  "prometheus-metrics-proxy-hook": { webhook: "webhook", metrics: "metrics", health: "health" },
};

/** A container to start, among the objects that are applied with it. */
export interface Start {
  readonly folder: string;
  readonly rendered: Rendered;
  readonly workload: Workload;
  readonly container: V1Container;
}

/** All containers of our programs, one of those that would be started and probed alike. */
export function findStarts(folders: readonly (readonly [string, Rendered])[]): readonly Start[] {
  const starts = new Map<string, Start>();
  for (const [folder, rendered] of folders) {
    for (const { workload, container } of allContainers(rendered)) {
      const { image, resources: _, securityContext: __, volumeMounts, ...same } = container;
      const { name } = imageParts(image);
      if (LISTENERS[name] === undefined) continue;
      const rules = rulesFor(rendered, workload);
      const key = JSON.stringify([name, same, volumeMounts, rules]);
      if (!starts.has(key)) starts.set(key, { folder, rendered, workload, container });
    }
  }
  return [...starts.values()];
}

/**
 * Waits until every probe of the container gets a 200, and gives the requests to the API server that no rule allows.
 * Throws with what the program logged if it ends before.
 */
export async function probeProgram({ rendered, ...start }: Start): Promise<readonly string[]> {
  const { workload, container } = start;
  const { name: image } = imageParts(container.image);
  await using stage = await createStage(image, start);
  await using program = startProcess([...commandOf(image), ...stage.args], { env: stage.env });
  for (const name of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
    const probe = container[name];
    if (probe === undefined) continue;
    const url = await urlOf(probe, { image, container, program });
    await eventually(`${name}: 200 from ${url}`, async () => (await ask(url)) === 200);
  }
  return findRefused(stage.asked, rulesFor(rendered, workload));
}

/** The kubelet does not verify certificates either. */
async function ask(url: string): Promise<number> {
  const answer = await fetch(url, { tls: { rejectUnauthorized: false } });
  return answer.status;
}

interface Listening {
  readonly image: string;
  readonly container: V1Container;
  readonly program: RunningProcess;
}

async function urlOf(probe: V1Probe, { image, container, program }: Listening): Promise<string> {
  const { path = "/", port, scheme = "HTTP" } = probe.httpGet ?? {};
  const declared = (container.ports ?? []).find(
    ({ name, containerPort }) => name === port || containerPort === port,
  );
  const listener = LISTENERS[image]?.[declared?.name ?? ""];
  if (listener === undefined) throw new RangeError(`${image} has no listener for port ${port}`);
  return `${scheme.toLowerCase()}://127.0.0.1:${await program.port(listener)}${path}`;
}
