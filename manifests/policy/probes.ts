/** Every container that is meant to last has a liveness and a readiness probe, at a port that it declares. */
import type { V1Container, V1Probe } from "@kubernetes/client-node";
import type { Rendered } from "../render.ts";
import { allContainers } from "./containers.ts";
import type { Finding } from "./finding.ts";

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

export function checkProbes(rendered: Rendered): readonly Finding[] {
  return allContainers(rendered).flatMap(({ workload: { object }, container, field, lasts }) => {
    const findings: Finding[] = [];
    for (const name of PROBES) {
      const probe = container[name];
      if (probe !== undefined) {
        findings.push(...judgePort({ object, field: `${field}.${name}` }, container, probe));
      } else if (lasts && name !== "startupProbe") {
        const allowed = "a probe: the container lasts";
        findings.push({ object, field: `${field}.${name}`, value: probe, allowed });
      }
    }
    return findings;
  });
}

function judgePort(
  at: Pick<Finding, "object" | "field">,
  { ports = [] }: V1Container,
  probe: V1Probe,
): readonly Finding[] {
  const value = probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port;
  if (value === undefined) return [];
  const allowed = ports.flatMap(({ name, containerPort }) => [name ?? "", containerPort]);
  if (allowed.includes(value)) return [];
  return [{ ...at, field: `${at.field}.port`, value, allowed: allowed.join(", ") }];
}
