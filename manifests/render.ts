/** A folder with a kustomization -> the objects that kubectl renders from it, by kind. */
import { join } from "node:path";
import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1Container,
  V1Deployment,
  V1Ingress,
  V1MutatingWebhookConfiguration,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1PodSpec,
  V1Role,
  V1RoleBinding,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from "@kubernetes/client-node";
import { runProcess } from "../shared/testing/process.ts";
import { valueAt } from "./path.ts";

interface Kinds {
  readonly Certificate: {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly spec: { readonly secretName: string; readonly dnsNames: readonly string[] };
  };
  readonly ClusterRole: V1ClusterRole;
  readonly ClusterRoleBinding: V1ClusterRoleBinding;
  readonly ConfigMap: V1ConfigMap;
  readonly Deployment: V1Deployment;
  readonly Ingress: V1Ingress;
  readonly MutatingWebhookConfiguration: V1MutatingWebhookConfiguration;
  readonly NetworkPolicy: V1NetworkPolicy;
  readonly PodDisruptionBudget: V1PodDisruptionBudget;
  readonly Role: V1Role;
  readonly RoleBinding: V1RoleBinding;
  readonly Secret: V1Secret;
  readonly Service: V1Service;
  readonly ServiceAccount: V1ServiceAccount;
}

/** What every object has. */
export interface KubernetesObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export type Labels = Readonly<Record<string, string>>;

/** A template of pods, or a Pod, with the parts of it that must be there. */
export interface Workload {
  readonly name: string;
  readonly object: KubernetesObject;
  /** Where the pod's spec is in the object, such as `spec.template.spec`. */
  readonly field: string;
  readonly spec: V1PodSpec;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** `matchLabels`; empty for a kind that has no selector. */
  readonly selector: Labels;
}

/** Where kinds keep their pods. */
const TEMPLATES: Readonly<Record<string, string>> = {
  Deployment: "spec.template",
  StatefulSet: "spec.template",
  DaemonSet: "spec.template",
  Job: "spec.template",
  CronJob: "spec.jobTemplate.spec.template",
  Pod: "",
};

/** The objects of one folder. */
export class Rendered {
  readonly objects: readonly KubernetesObject[];
  constructor(objects: readonly KubernetesObject[]) {
    this.objects = objects;
  }

  all<K extends keyof Kinds>(kind: K): readonly Kinds[K][];
  all(kind: string): readonly KubernetesObject[];
  all(kind: string): readonly KubernetesObject[] {
    return this.objects.filter((one) => one.kind === kind);
  }

  /** All objects of some kinds, as what every object has. */
  ofKind(...kinds: readonly string[]): readonly KubernetesObject[] {
    return this.objects.filter(({ kind }) => kinds.includes(kind));
  }

  /** The only object of a kind. Throws a `RangeError` where there is none, or more than one. */
  one<K extends keyof Kinds>(kind: K): Kinds[K];
  one(kind: string): KubernetesObject;
  one(kind: string): KubernetesObject {
    return only(this.all(kind), kind);
  }

  /** All that holds pods. */
  workloads(): readonly Workload[] {
    return this.objects.flatMap((object) => {
      const path = TEMPLATES[object.kind];
      return path === undefined ? [] : [workloadOf(object, path)];
    });
  }

  /** The only container of the only workload. */
  container(): V1Container {
    return only(only(this.workloads(), "workload").spec.containers, "container");
  }
}

function workloadOf(object: KubernetesObject, path: string): Workload {
  const read = (field: string) => valueAt(object, `${path}.${field}`);
  return {
    name: object.metadata.name,
    object,
    field: path === "" ? "spec" : `${path}.spec`,
    spec: (read("spec") as V1PodSpec | undefined) ?? { containers: [] },
    labels: (read("metadata.labels") as Labels | undefined) ?? {},
    annotations: (read("metadata.annotations") as Labels | undefined) ?? {},
    selector: (valueAt(object, "spec.selector.matchLabels") as Labels | undefined) ?? {},
  };
}

/** Renders a folder, absolute or below manifests/. Throws with what kubectl has to say. */
export async function render(folder: string): Promise<Rendered> {
  const path = folder.startsWith("/") ? folder : join(import.meta.dir, folder);
  const { code, stdout, stderr } = await runProcess(["kubectl", "kustomize", path]);
  if (code !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return new Rendered(parseObjects(stdout) as KubernetesObject[]);
}

/** The documents of a YAML text, the empty ones left out. */
export function parseObjects(text: string): readonly unknown[] {
  const documents: unknown = Bun.YAML.parse(text); // A list, unless there is only one.
  return (Array.isArray(documents) ? documents : [documents]).filter((one) => one !== null);
}

/** True for a document that is an object of Kubernetes, not another program's configuration. */
export function isObject(document: unknown): document is KubernetesObject {
  const { apiVersion, kind } = (document ?? {}) as Partial<KubernetesObject>;
  return typeof apiVersion === "string" && typeof kind === "string";
}

/** True if a selector that is not empty fits the labels. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value);
}

/** `registry/name:tag@digest` -> `name` and `tag`. */
export function imageParts(image = ""): { readonly name: string; readonly tag: string } {
  const [reference = ""] = image.split("@");
  const [name = "", tag = ""] = (reference.split("/").at(-1) ?? "").split(":");
  return { name, tag };
}

function only<T>(list: readonly T[], what: string): T {
  const [first] = list;
  if (first === undefined || list.length > 1) throw new RangeError(`${list.length} of ${what}`);
  return first;
}
