/** A kind -> where its schemas are, of the newest version that is known and of the oldest that we name. */
import type { KubernetesObject } from "../render.ts";

export interface Types {
  /** What the newest schema is of, in words. */
  readonly schema: string;
  /** Module of the validator and the type, of the newest version that is known. */
  readonly newest: string;
  /** Module of the type in Kubernetes 1.30; `undefined` for a custom resource. */
  readonly oldest?: string;
}

/** An object, and the words by which a finding names it. */
export interface Subject {
  readonly name: string;
  readonly object: KubernetesObject;
}

/** One that has a schema. */
export type Typed = Subject & Types;

/** Packages of custom resources, by the group that they are of. */
const CUSTOM: Readonly<Record<string, string>> = {
  "argoproj.io": "argo-cd",
  "cert-manager.io": "cert-manager",
  "external-secrets.io": "external-secrets",
  "monitoring.coreos.com": "prometheus-operator",
  "networking.istio.io": "istio",
  "security.istio.io": "istio",
  "telemetry.istio.io": "istio",
};

/** Where the schema of a kind is, or why there is none. */
export function findTypes({ apiVersion, kind }: KubernetesObject): Types | string {
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    return "apiVersion or kind is missing; allowed: a kind with a schema";
  }
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  const custom = CUSTOM[group];
  if (custom !== undefined) {
    const newest = `@kubernetes-models/${custom}/${apiVersion}/${kind}`;
    const schema = `@kubernetes-models/${custom}`;
    return exists(newest) ? { schema, newest } : noSchema(apiVersion, kind, schema);
  }
  const newest = `kubernetes-models/${apiVersion}/${kind}`;
  const schema = "Kubernetes 1.36";
  if (!exists(newest)) return noSchema(apiVersion, kind, schema);
  const version = apiVersion.split("/").at(-1) ?? "";
  const oldest = `kubernetes-types/${group === "" ? "core" : group.split(".")[0]}/${version}`;
  return { schema, newest, oldest };
}

function exists(module: string): boolean {
  try {
    return Bun.resolveSync(module, import.meta.dir) !== "";
  } catch {
    return false;
  }
}

function noSchema(apiVersion: string, kind: string, where: string): string {
  return `kind is "${kind}" of "${apiVersion}"; allowed: a kind with a schema in ${where}`;
}
