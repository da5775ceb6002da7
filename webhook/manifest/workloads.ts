/** A document's values -> the pods in it: where they are, what they are called, and how they look as pods. */
import type { ServiceFacts, ServicePort } from "../port-name.ts";
import { type Path, valueAt } from "./documents.ts";

/** A pod, or the template of pods, in a document. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** Where the pod's metadata and spec are. */
  readonly path: Path;
  /** The pod as the API server would hand it to the webhook, as far as a file tells. */
  readonly pod: unknown;
}

/** Where each kind has the template of its pods. */
const TEMPLATES: Readonly<Record<string, Path>> = {
  Pod: [],
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
  // Of Argo Rollouts, where it has a template of its own.
  Rollout: ["spec", "template"],
};

/** Every pod in a document, those in the items of a list included. */
export function workloadsOf(
  values: unknown,
  namespace: string,
  path: Path = [],
): readonly Workload[] {
  const kind = valueAt(values, ["kind"]);
  if (typeof kind !== "string") return [];
  const items = valueAt(values, ["items"]);
  if (kind.endsWith("List") && Array.isArray(items)) {
    return items.flatMap((item: unknown, i) => workloadsOf(item, namespace, [...path, "items", i]));
  }
  const below = Object.hasOwn(TEMPLATES, kind) ? TEMPLATES[kind] : undefined;
  const template = below && valueAt(values, below);
  if (below === undefined || typeof template !== "object" || template === null) return [];
  return [
    {
      kind,
      name: text(valueAt(values, ["metadata", "name"])) ?? generated(values),
      namespace: text(valueAt(values, ["metadata", "namespace"])) ?? namespace,
      path: [...path, ...below],
      pod: asPod(template, kind),
    },
  ];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function generated(values: unknown): string {
  return text(valueAt(values, ["metadata", "generateName"])) ?? "";
}

/**
 * A template may be without metadata. A job must say its restart policy, and the API refuses one that does
 * not; until it does, it is taken for one whose pods end.
 */
function asPod(template: object, kind: string): unknown {
  const { metadata = {}, spec } = template as { metadata?: unknown; spec?: unknown };
  const isJob = kind === "Job" || kind === "CronJob";
  const isOpen = typeof spec === "object" && spec !== null && !Array.isArray(spec);
  const jobSpec = isJob && isOpen && !("restartPolicy" in spec);
  return {
    ...template,
    metadata: metadata ?? {},
    spec: jobSpec ? { ...spec, restartPolicy: "Never" } : spec,
  };
}

/** The Service that a document is, by its namespace. */
export function servicesOf(
  values: unknown,
  namespace: string,
): readonly (ServiceFacts & { readonly namespace: string })[] {
  const kind = valueAt(values, ["kind"]);
  const items = valueAt(values, ["items"]);
  if (typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)) {
    return items.flatMap((item: unknown) => servicesOf(item, namespace));
  }
  if (kind !== "Service") return [];
  const ports = valueAt(values, ["spec", "ports"]);
  const selector = valueAt(values, ["spec", "selector"]);
  return [
    {
      name: text(valueAt(values, ["metadata", "name"])) ?? "",
      namespace: text(valueAt(values, ["metadata", "namespace"])) ?? namespace,
      type: text(valueAt(values, ["spec", "type"])) ?? "ClusterIP",
      selector: (selector ?? {}) as ServiceFacts["selector"],
      ports: Array.isArray(ports) ? (ports as ServicePort[]) : [],
    },
  ];
}
