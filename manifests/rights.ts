/** A workload -> the rules that RBAC gives its account, and which requests to the API server they do not allow. */
import type { V1PolicyRule } from "@kubernetes/client-node";
import type { Asked } from "../shared/testing/api-server.ts";
import { isAllowed } from "../shared/testing/rights.ts";
import type { Rendered, Workload } from "./render.ts";

/** The rules of every Role and ClusterRole that is bound to the ServiceAccount of the pods. */
export function rulesFor(rendered: Rendered, { object, spec }: Workload): readonly V1PolicyRule[] {
  const { namespace } = object.metadata;
  const bindings = [...rendered.all("RoleBinding"), ...rendered.all("ClusterRoleBinding")];
  const roles = [...rendered.all("Role"), ...rendered.all("ClusterRole")];
  return bindings
    .filter(({ subjects = [] }) =>
      subjects.some((one) => one.name === spec.serviceAccountName && one.namespace === namespace),
    )
    .flatMap(({ roleRef }) =>
      roles.filter(
        ({ kind, metadata }) => kind === roleRef.kind && metadata?.name === roleRef.name,
      ),
    )
    .flatMap(({ rules = [] }) => rules);
}

/** `METHOD path` of each request for an object that no rule allows. */
export function findRefused(
  asked: readonly Asked[],
  rules: readonly V1PolicyRule[],
): readonly string[] {
  return asked
    .filter(({ path }) => /^\/apis?\//.test(path))
    .filter((one) => !rules.some((rule) => allows(rule, one)))
    .map(({ method, path }) => `${method} ${path}`);
}

function allows({ resources = [], verbs, resourceNames }: V1PolicyRule, asked: Asked): boolean {
  const names = resourceNames === undefined ? {} : { resourceNames };
  return isAllowed({ resources, verbs, ...names }, asked);
}
