/** Manifests -> what the webhook would decide on each pod in them, by the same code. */
import { type Decision, decide } from "../decide.ts";
import { createPatch, type Operation } from "../patch.ts";
import type { Policy } from "../plan.ts";
import { ManifestError, type Part, readParts, valueAt, valuesOf } from "./documents.ts";
import { servicesOf, type Workload, workloadsOf } from "./workloads.ts";

/** A manifest as it was read. */
export interface Manifest {
  readonly name: string;
  readonly text: string;
}

/** One pod with what would become of it. */
export interface Judged extends Workload {
  readonly manifest: string;
  readonly decision: Decision;
  /** Below {@link Workload.path}; empty where the pod is left alone. */
  readonly patch: readonly Operation[];
}

/** One part of a manifest with the pods in it. */
export interface JudgedPart extends Part {
  readonly judged: readonly Judged[];
  /** What an object without pods is: `Service/shop`. */
  readonly title: string | undefined;
}

interface ReadPart extends Part {
  readonly manifest: string;
  readonly values: unknown;
}

/** Judges all manifests at once, so that Services in one are known for pods in another. */
export function judge(
  manifests: readonly Manifest[],
  { policy, namespace }: { readonly policy: Policy; readonly namespace: string },
): readonly (readonly JudgedPart[])[] {
  const read = manifests.map(({ name, text }) =>
    readParts(name, text).map((part) => readValues(name, part)),
  );
  const services = read.flat().flatMap(({ values }) => servicesOf(values, namespace));
  return read.map((parts) =>
    parts.map((part) => {
      const judged = workloadsOf(part.values, namespace).map((workload): Judged => {
        const near = services.filter((one) => one.namespace === workload.namespace);
        const circumstances = { token: tokenFor(workload), services: near };
        const decision = decide(requestFor(workload), policy, circumstances);
        return { ...workload, manifest: part.manifest, decision, patch: createPatch(decision) };
      });
      return { ...part, judged, title: judged.length === 0 ? titleOf(part.values) : undefined };
    }),
  );
}

function readValues(manifest: string, part: Part): ReadPart {
  try {
    return { ...part, manifest, values: part.document && valuesOf(part.document) };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ManifestError(`${manifest}: ${error.message}`);
  }
}

/** As if the API server asked about the creation of such a pod. */
function requestFor({ namespace, pod }: Workload) {
  const kind = { group: "", kind: "Pod" };
  return { uid: "file", operation: "CREATE", kind, namespace, object: pod };
}

/**
 * The preStop hook's token, of 32 hexadecimal digits. It is the same at each run, since it would otherwise
 * change a file under version control each time; whoever reads the manifest can read it anyway.
 */
function tokenFor({ kind, namespace, name, pod }: Workload): string {
  const text = JSON.stringify([kind, namespace, name, pod]);
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 32);
}

function titleOf(values: unknown): string | undefined {
  const kind = valueAt(values, ["kind"]);
  if (typeof kind !== "string") return undefined;
  const name = valueAt(values, ["metadata", "name"]);
  return `${kind}/${typeof name === "string" ? name : ""}`;
}
