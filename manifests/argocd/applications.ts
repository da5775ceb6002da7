/** An Application of Argo CD -> the objects that it deploys, and whether its project allows each. */
import { mkdtemp, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { type KubernetesObject, render } from "../render.ts";

/** As far as the checks look at one. */
export interface Application extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly finalizers?: readonly string[] };
  readonly spec: {
    readonly project: string;
    readonly source: Readonly<Record<"repoURL" | "targetRevision" | "path", string>> & {
      readonly kustomize?: { readonly patches: readonly unknown[] };
    };
    readonly destination: Readonly<Record<"server" | "namespace", string>>;
    readonly ignoreDifferences?: readonly unknown[];
    readonly syncPolicy: {
      readonly automated?: { readonly prune: boolean; readonly selfHeal: boolean };
      readonly syncOptions: readonly string[];
      readonly retry?: {
        readonly limit: number;
        readonly refresh?: boolean;
        readonly backoff: unknown;
      };
    };
  };
}

interface Kind {
  readonly group: string;
  readonly kind: string;
  readonly name?: string;
}

export interface Project extends KubernetesObject {
  readonly spec: {
    readonly sourceRepos: readonly string[];
    readonly destinations: readonly Application["spec"]["destination"][];
    readonly clusterResourceWhitelist?: readonly Kind[];
    readonly namespaceResourceWhitelist: readonly Kind[];
  };
}

const MANIFESTS = join(import.meta.dir, "..");

/** Instead of the Application's own folder: what somebody may put there. Paths are below manifests/. */
export interface Variant {
  readonly path: string;
  readonly components?: readonly string[];
  readonly namespace?: string;
}

/** What Argo CD makes of an Application: its folder, with the patches that the Application has. */
export async function deployed(
  { spec }: Application,
  { path, components = [], ...rest }: Variant = {
    path: spec.source.path.replace("manifests/", ""),
  },
): Promise<readonly KubernetesObject[]> {
  // Below manifests/, because kustomize wants its resources to be relative.
  const folder = await mkdtemp(join(MANIFESTS, ".tmp-"));
  const from = (below: string) => relative(folder, join(MANIFESTS, below));
  const lists = { resources: [from(path)], components: components.map(from) };
  try {
    const content = JSON.stringify({ ...lists, ...rest, ...spec.source.kustomize });
    await Bun.write(join(folder, "kustomization.yaml"), content);
    return (await render(relative(MANIFESTS, folder))).objects;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Throws a `RangeError` where nothing has the name. */
export function find<T extends KubernetesObject>(list: readonly T[], name: string): T {
  const found = list.find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new RangeError(`Nothing here is called ${name}`);
  return found;
}

/** The objects that a project refuses. */
export function refused(
  { spec }: Project,
  objects: readonly KubernetesObject[],
): readonly string[] {
  return objects
    .filter((object) => !allows(spec, object))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

/** Whether a project lets an object be written: by kind and namespace, or, without one, by kind and name. */
function allows(
  project: Project["spec"],
  { apiVersion, kind, metadata }: KubernetesObject,
): boolean {
  const group = apiVersion.includes("/") ? (apiVersion.split("/", 1)[0] ?? "") : "";
  const same = (one: Kind) => one.group === group && one.kind === kind;
  const { name, namespace } = metadata;
  if (namespace === undefined) {
    return (project.clusterResourceWhitelist ?? []).some((one) => same(one) && one.name === name);
  }
  const reached = project.destinations.some((one) => one.namespace === namespace);
  return reached && project.namespaceResourceWhitelist.some(same);
}
