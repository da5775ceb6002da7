/** What we ask of our own pods beyond the profile "restricted". */
import type { Rendered } from "../render.ts";
import { allContainers } from "./containers.ts";
import type { Finding } from "./finding.ts";

/** The user of all our images. */
const USER = 65_532;

/** For every pod, also one in an example. */
export function checkReadOnlyRoot(rendered: Rendered): readonly Finding[] {
  return allContainers(rendered).flatMap(({ workload: { object }, container, field }) => {
    const value = container.securityContext?.readOnlyRootFilesystem;
    const name = `${field}.securityContext.readOnlyRootFilesystem`;
    return value === true ? [] : [{ object, field: name, value, allowed: "true" }];
  });
}

/** Variables of Services must not reach the flags, and the user is the image's, also where the kubelet cannot see it. */
export function checkOwnPods(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap(({ object, spec, field }) => {
    const findings: Finding[] = [];
    const { enableServiceLinks: links, securityContext } = spec;
    if (links !== false) {
      findings.push({
        object,
        field: `${field}.enableServiceLinks`,
        value: links,
        allowed: "false",
      });
    }
    for (const key of ["runAsUser", "runAsGroup"] as const) {
      const value = securityContext?.[key];
      const name = `${field}.securityContext.${key}`;
      if (value !== USER) findings.push({ object, field: name, value, allowed: String(USER) });
    }
    return findings;
  });
}

/** A namespace of ours refuses what is not restricted. */
export function checkNamespaces(rendered: Rendered): readonly Finding[] {
  const key = "pod-security.kubernetes.io/enforce";
  return rendered.ofKind("Namespace").flatMap((object) => {
    // The node exporter of kube-prometheus-stack lives there, and needs the host.
    if (object.metadata.name === "monitoring") return [];
    const value = object.metadata.labels?.[key];
    const field = `metadata.labels[${key}]`;
    return value === "restricted" ? [] : [{ object, field, value, allowed: "restricted" }];
  });
}
