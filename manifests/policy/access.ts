/** A token is mounted where RBAC binds the pod's ServiceAccount, and nowhere else; no right is a wildcard. */
import type { RbacV1Subject, V1PolicyRule, V1RoleRef } from "@kubernetes/client-node";
import type { KubernetesObject, Rendered } from "../render.ts";
import { type Finding, isNear, nameOf } from "./finding.ts";

interface Binding {
  readonly roleRef?: V1RoleRef;
  readonly subjects?: readonly RbacV1Subject[];
}

const PARTS = ["apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs"] as const;

/** Verbs by which one gets more rights than one was given. */
const CLIMBING: readonly string[] = ["bind", "escalate", "impersonate"];

export function checkTokens(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap(({ object, spec, field }) => {
    const account = spec.serviceAccountName ?? "default";
    const value = spec.automountServiceAccountToken;
    const isBound = subjectsOf(rendered).some(
      ([, { name, namespace }]) => name === account && namespace === object.metadata.namespace,
    );
    if (value === isBound) return [];
    const why = isBound ? "RBAC binds" : "no RoleBinding binds";
    const allowed = `${isBound}: ${why} the ServiceAccount ${account}`;
    return [{ object, field: `${field}.automountServiceAccountToken`, value, allowed }];
  });
}

/** The ServiceAccount of a pod, of a binding, and the Role of a binding are there. */
export function checkAccounts(rendered: Rendered): readonly Finding[] {
  const accounts = rendered.ofKind("ServiceAccount");
  const pods = rendered.workloads().flatMap(({ object, spec, field }) => {
    const value = spec.serviceAccountName;
    const known = accounts.filter((one) => isNear(one, object)).map((one) => one.metadata.name);
    if (value === undefined || known.includes(value)) return [];
    return [{ object, field: `${field}.serviceAccountName`, value, allowed: listOf(known) }];
  });
  const subjects = subjectsOf(rendered).flatMap(([object, { name, namespace }]) => {
    const value = `${namespace}/${name}`;
    const known = accounts.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    if (known.includes(value)) return [];
    return [{ object, field: "subjects", value, allowed: listOf(known) }];
  });
  return [...pods, ...subjects];
}

/** Each Role is bound, and each binding's Role is there. */
export function checkBindings(rendered: Rendered): readonly Finding[] {
  const roles = rendered.ofKind("Role", "ClusterRole");
  const bound = (binding: KubernetesObject) =>
    roles.filter((role) => {
      const { kind, name } = (binding as Binding).roleRef ?? {};
      const isOwn = role.kind === kind && role.metadata.name === name;
      return isOwn && (kind === "ClusterRole" || isNear(role, binding));
    });
  const dangling = bindingsOf(rendered)
    .filter((binding) => bound(binding).length === 0)
    .map((object) => {
      const { kind, name } = (object as Binding).roleRef ?? {};
      const allowed = listOf(roles.map(nameOf));
      return { object, field: "roleRef", value: `${kind} ${name}`, allowed };
    });
  const used = bindingsOf(rendered).flatMap(bound);
  const idle = roles
    .filter((role) => !used.includes(role))
    .map((object) => {
      const allowed = "a name that a binding of this folder refers to";
      return { object, field: "metadata.name", value: object.metadata.name, allowed };
    });
  return [...dangling, ...idle];
}

export function checkRights(rendered: Rendered): readonly Finding[] {
  const roles = rendered.ofKind("Role", "ClusterRole");
  return roles.flatMap((object) => {
    const { rules = [] } = object as { rules?: readonly V1PolicyRule[] };
    return rules.flatMap((rule, index) =>
      PARTS.flatMap((part) =>
        (rule[part] ?? [])
          .filter((one) => one.includes("*") || (part === "verbs" && CLIMBING.includes(one)))
          .map((value) => {
            const allowed = `what is needed, by name: no wildcard, no ${CLIMBING.join(", no ")}`;
            return { object, field: `rules[${index}].${part}`, value, allowed };
          }),
      ),
    );
  });
}

function bindingsOf(rendered: Rendered): readonly KubernetesObject[] {
  return rendered.ofKind("RoleBinding", "ClusterRoleBinding");
}

function subjectsOf(rendered: Rendered): readonly (readonly [KubernetesObject, RbacV1Subject])[] {
  return bindingsOf(rendered).flatMap((binding) =>
    ((binding as Binding).subjects ?? [])
      .filter(({ kind }) => kind === "ServiceAccount")
      .map((subject) => [binding, subject] as const),
  );
}

function listOf(known: readonly string[]): string {
  return known.length === 0 ? "one of this folder, which has none" : known.join(", ");
}
