/** A folder with a kustomization -> the objects that kubectl renders from it, by kind. */
import { join } from "node:path";
import type {
  V1ClusterRole,
  V1Container,
  V1Deployment,
  V1MutatingWebhookConfiguration,
  V1PodDisruptionBudget,
  V1PodSpec,
  V1Role,
  V1Service,
  V1ServiceAccount,
} from "@kubernetes/client-node";
import { runProcess } from "../shared/testing/process.ts";

interface Kinds {
  readonly Certificate: {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly spec: { readonly secretName: string; readonly dnsNames: readonly string[] };
  };
  readonly ClusterRole: V1ClusterRole;
  readonly Deployment: V1Deployment;
  readonly MutatingWebhookConfiguration: V1MutatingWebhookConfiguration;
  readonly PodDisruptionBudget: V1PodDisruptionBudget;
  readonly Role: V1Role;
  readonly Secret: unknown;
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

type Labels = Readonly<Record<string, string>>;

/** A Deployment with the parts of it that must be there. */
export interface Workload {
  readonly name: string;
  readonly spec: V1PodSpec;
  readonly labels: Labels;
  readonly selector: Labels;
}

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

  /** The only object of a kind. Throws a `RangeError` where there is none, or more than one. */
  one<K extends keyof Kinds>(kind: K): Kinds[K];
  one(kind: string): KubernetesObject;
  one(kind: string): KubernetesObject {
    return only(this.all(kind), kind);
  }

  workloads(): readonly Workload[] {
    return this.all("Deployment").map(({ metadata, spec }) => ({
      name: metadata?.name ?? "",
      spec: spec?.template.spec ?? { containers: [] },
      labels: spec?.template.metadata?.labels ?? {},
      selector: spec?.selector.matchLabels ?? {},
    }));
  }

  /** The only container of the only Deployment. */
  container(): V1Container {
    return only(only(this.workloads(), "Deployment").spec.containers, "container");
  }
}

/** Renders a folder below manifests/. Throws with what kubectl has to say. */
export async function render(folder: string): Promise<Rendered> {
  const path = join(import.meta.dir, folder);
  const { code, stdout, stderr } = await runProcess(["kubectl", "kustomize", path]);
  if (code !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  const documents: unknown = Bun.YAML.parse(stdout); // A list, unless there is only one.
  return new Rendered((Array.isArray(documents) ? documents : [documents]) as KubernetesObject[]);
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
