/** What a rule finds: an object, the field, its value, and what is allowed there. */
import type { KubernetesObject, Rendered } from "../render.ts";

export interface Finding {
  readonly object: KubernetesObject;
  /** Path of the field, such as `spec.replicas`. */
  readonly field: string;
  /** What is there; `undefined` if nothing is. */
  readonly value: unknown;
  /** What may be there, in words that end the sentence "allowed: …". */
  readonly allowed: string;
}

/** Looks at all objects of one folder, whose path below manifests/ it is given. */
export type Rule = (rendered: Rendered, folder: string) => readonly Finding[];

/** `Deployment monitoring/lb-exporter` */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  const { namespace, name } = metadata ?? {};
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** One line: where it is, what is there, what is allowed. */
export function describeFinding({ object, field, value, allowed }: Finding): string {
  const found = value === undefined ? "missing" : JSON.stringify(value);
  return `${nameOf(object)}: ${field} is ${found}; allowed: ${allowed}`;
}

/** True if both are in one namespace, or neither says which. */
export function isNear(one: KubernetesObject, other: KubernetesObject): boolean {
  return one.metadata.namespace === other.metadata.namespace;
}
