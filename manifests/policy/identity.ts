/** No two objects are the same one for the API server. */
import type { KubernetesObject, Rendered } from "../render.ts";
import type { Finding } from "./finding.ts";

export function checkIdentity(rendered: Rendered): readonly Finding[] {
  const seen = new Set<string>();
  return rendered.objects.flatMap((object) => {
    const id = idOf(object);
    const isNew = !seen.has(id);
    seen.add(id);
    if (isNew) return [];
    const value = object.metadata.name;
    return [{ object, field: "metadata.name", value, allowed: "a name that no other has" }];
  });
}

/** Versions of one group show the same object. */
function idOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return `${group} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}
