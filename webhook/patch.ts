/** A plan and its container -> the JSON Patch (RFC 6902) that carries it out, touching nothing else. */
import type { V1Container } from "@kubernetes/client-node";
import { ANNOTATIONS, type Plan } from "./plan.ts";
import type { PodMetadata, PodSpec } from "./pod.ts";

/** The one operation that is needed: `add` also replaces a member that is there (RFC 6902, 4.1). */
export interface Operation {
  readonly op: "add";
  readonly path: string;
  readonly value: unknown;
}

/** Injects the container and rewrites the annotations that tell Prometheus where to scrape. */
export function createPatch(
  pod: { readonly metadata: PodMetadata; readonly spec: PodSpec },
  plan: Plan,
  container: V1Container,
): readonly Operation[] {
  const annotations = {
    [ANNOTATIONS.port]: String(plan.proxyPort),
    [ANNOTATIONS.originalPort]: String(plan.originalPort),
  };
  return [
    ...addMembers("/metadata/annotations", pod.metadata.annotations, annotations),
    plan.native
      ? append("/spec/initContainers", pod.spec.initContainers, container)
      : append("/spec/containers", pod.spec.containers, container),
  ];
}

/** Sets members of an object that may be absent; those that are so already are left out. */
export function addMembers(
  path: string,
  present: Readonly<Record<string, string>> | null | undefined,
  wanted: Readonly<Record<string, string>>,
): readonly Operation[] {
  if (!present) return [{ op: "add", path, value: wanted }];
  return Object.entries(wanted)
    .filter(([key, value]) => present[key] !== value)
    .map(([key, value]) => ({ op: "add", path: `${path}/${escapePointer(key)}`, value }));
}

/** Appends to a list that may be absent. */
export function append(
  path: string,
  present: readonly unknown[] | null | undefined,
  value: unknown,
): Operation {
  return present ? { op: "add", path: `${path}/-`, value } : { op: "add", path, value: [value] };
}

/** A key as one step of a JSON Pointer (RFC 6901, section 3): the order matters. */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
