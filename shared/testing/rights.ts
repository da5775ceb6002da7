/** A request to the API server and the rules of a Role -> whether RBAC would let it through. */
import type { Asked } from "./api-server.ts";

/** A rule as a Role or ClusterRole has it. */
export interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const PATH =
  /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+)?\/(?<resource>[a-z]+)(?:\/(?<name>.+))?$/;

/** As RBAC decides: the name of a list or a watch is that of its field selector, and a POST has none. */
export function isAllowed(
  { resources, verbs, resourceNames }: Rule,
  { method, path, query }: Asked,
): boolean {
  const { resource = "", name: named } = PATH.exec(path)?.groups ?? {};
  const name = named ?? query.get("fieldSelector")?.replace("metadata.name=", "");
  const watching = ["true", "1"].includes(query.get("watch") ?? "");
  const reading = watching ? "watch" : named === undefined ? "list" : "get";
  const verb = { POST: "create", PUT: "update", PATCH: "patch" }[method] ?? reading;
  const isNamed = resourceNames === undefined || resourceNames.includes(name ?? "");
  return resources.includes(resource) && verbs.includes(verb) && isNamed;
}
