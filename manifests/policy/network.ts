/** Every pod is behind a NetworkPolicy, and its ports are those of the pods. */
import type { V1NetworkPolicySpec } from "@kubernetes/client-node";
import type { KubernetesObject, Rendered } from "../render.ts";
import { type Finding, isNear, nameOf } from "./finding.ts";
import { portsOf } from "./ports.ts";
import { fits } from "./selector.ts";

export function checkNetworkPolicies(rendered: Rendered): readonly Finding[] {
  const policies = rendered.ofKind("NetworkPolicy");
  return rendered.workloads().flatMap(({ object, field, labels }) => {
    const isCovered = policies.some(
      (policy) => isNear(policy, object) && fits(specOf(policy).podSelector, labels),
    );
    if (isCovered) return [];
    const name = field === "spec" ? "metadata.labels" : field.replace(/spec$/, "metadata.labels");
    const allowed = `labels that a NetworkPolicy of the namespace selects; here: ${policies.map(nameOf).join(", ") || "none"}`;
    return [{ object, field: name, value: labels, allowed }];
  });
}

/** An ingress rule for a port that no selected pod has lets nobody in. */
export function checkNetworkPorts(rendered: Rendered): readonly Finding[] {
  return rendered.ofKind("NetworkPolicy").flatMap((object) => {
    const { podSelector, ingress = [] } = specOf(object);
    const pods = rendered
      .workloads()
      .filter((one) => isNear(one.object, object) && fits(podSelector, one.labels));
    const known = pods.flatMap(portsOf);
    return ingress
      .flatMap(({ ports = [] }) => ports)
      .filter(({ port, endPort }) => port !== undefined && endPort === undefined)
      .filter(({ port }) => !known.includes(port as string | number))
      .map(({ port }) => ({
        object,
        field: "spec.ingress.ports.port",
        value: port,
        allowed: known.join(", "),
      }));
  });
}

function specOf(policy: KubernetesObject): V1NetworkPolicySpec {
  return policy.spec ?? {};
}
