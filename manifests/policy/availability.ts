/** More than one replica is worth something only on more than one node, and if no drain takes them all. */
import type { Rendered, Workload } from "../render.ts";
import { type Finding, isNear } from "./finding.ts";
import { fits, type Selector } from "./selector.ts";

export function checkAvailability(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap((workload) => {
    const { object } = workload;
    const { replicas } = (object.spec ?? {}) as { replicas?: number };
    if (replicas === undefined || replicas < 2) return [];
    return [...judgeSpread(workload), ...judgeBudget(rendered, workload)];
  });
}

/** A budget with minAvailable blocks every drain once that many are left. */
export function checkBudgets(rendered: Rendered): readonly Finding[] {
  return rendered.ofKind("PodDisruptionBudget").flatMap((object) => {
    const { maxUnavailable: value } = (object.spec ?? {}) as { maxUnavailable?: unknown };
    return value === 1 ? [] : [{ object, field: "spec.maxUnavailable", value, allowed: "1" }];
  });
}

function judgeSpread({ object, spec, field, labels }: Workload): readonly Finding[] {
  const name = `${field}.topologySpreadConstraints`;
  const value = spec.topologySpreadConstraints;
  if ((value ?? []).some(({ labelSelector }) => fits(labelSelector, labels))) return [];
  return [{ object, field: name, value, allowed: "one that selects the workload's own pods" }];
}

function judgeBudget(rendered: Rendered, { object, labels }: Workload): readonly Finding[] {
  const isCovered = rendered
    .ofKind("PodDisruptionBudget")
    .some((one) => isNear(one, object) && fits(one.spec?.selector as Selector, labels));
  if (isCovered) return [];
  const { replicas: value } = object.spec as { replicas: number };
  const allowed = "1, or a PodDisruptionBudget in this namespace that selects the pods";
  return [{ object, field: "spec.replicas", value, allowed }];
}
