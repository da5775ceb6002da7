/** A plan -> the JSON Patch (RFC 6902) that carries it out, touching nothing else. */
import { ANNOTATIONS, WRITTEN } from "./annotations.ts";
import { createContainer, createHook } from "./container.ts";
import type { Decision } from "./decide.ts";
import { addPort, EXCLUDED_PORTS, ISTIO_MERGE, isIstio } from "./meshes.ts";
import type { Status } from "./origin.ts";
import { DEFAULT_GRACE_SECONDS, type Plan } from "./plan.ts";
import type { Place, Pod } from "./pod.ts";
import { rewritesFor } from "./port-name.ts";

/** One operation. `add` also replaces a member that is there (RFC 6902, 4.1), but not an item of a list. */
export type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** Carries a decision out; empty where the pod stays as it is. */
export function createPatch(decision: Decision): readonly Operation[] {
  if (decision.kind === "inject") return injection(decision.pod, decision.plan);
  if (decision.kind === "repair") return annotate(decision.pod, decision.annotations);
  return [];
}

function injection(pod: Pod, plan: Plan): readonly Operation[] {
  return [
    ...annotate(pod, annotationsFor(pod, plan)),
    ...gracePeriod(pod, plan),
    ...plan.rendered.map(({ place, arg, value }): Operation => {
      return { op: "replace", path: `${pathOf(place)}/args/${arg}`, value };
    }),
    ...moveName(plan),
    ...plan.hooks.map((place) => addHook(place, plan)),
    // Last, because a native sidecar may be inserted before others, whose places then are new ones.
    ...addContainer(pod, plan),
  ];
}

function annotate({ metadata }: Pod, wanted: Readonly<Record<string, string>>) {
  return addMembers("/metadata/annotations", metadata.annotations, wanted);
}

function annotationsFor(pod: Pod, plan: Plan): Readonly<Record<string, string>> {
  const { origin, proxyPort } = plan;
  const status: Status = {
    version: plan.version,
    mode: plan.native ? "native" : "regular",
    originalPort: origin.port,
    proxyPort,
    path: origin.path,
    ...(origin.scheme === "https" && { originalScheme: "https" }),
  };
  const lists = EXCLUDED_PORTS.map((key) => {
    return [key, addPort(pod.metadata.annotations?.[key] ?? "", proxyPort)] as const;
  });
  return {
    [ANNOTATIONS.port.key]: String(proxyPort),
    ...(origin.scheme === "https" && { [ANNOTATIONS.scheme.key]: "http" }),
    // Istio's path, replaced by the application's own.
    ...(origin.merged && { [ANNOTATIONS.path.key]: origin.path }),
    ...(isIstio(pod) && { [ISTIO_MERGE]: "false" }),
    [WRITTEN.originalPort]: String(origin.port),
    [WRITTEN.status]: JSON.stringify(status),
    ...Object.fromEntries(lists),
  };
}

function gracePeriod({ spec }: Pod, { gracePeriodSeconds: value }: Plan): readonly Operation[] {
  if ((spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) === value) return [];
  return [{ op: "add", path: "/spec/terminationGracePeriodSeconds", value }];
}

function moveName({ takeOver }: Plan): readonly Operation[] {
  if (takeOver === undefined) return [];
  const at = pathOf(takeOver.place);
  return [
    { op: "remove", path: `${at}/ports/${takeOver.index}/name` },
    ...rewritesFor(takeOver).map(({ path, value }): Operation => {
      return { op: "replace", path: `${at}${path}`, value };
    }),
  ];
}

function addHook(place: Place, plan: Plan): Operation {
  const path = `${pathOf(place)}/lifecycle`;
  const preStop = createHook(plan);
  if (!place.container.lifecycle) return { op: "add", path, value: { preStop } };
  return { op: "add", path: `${path}/preStop`, value: preStop };
}

function addContainer({ spec }: Pod, plan: Plan): readonly Operation[] {
  const container = createContainer(plan);
  if (!plan.native) return [append("/spec/containers", spec.containers, container)];
  if (plan.before === undefined) {
    return [append("/spec/initContainers", spec.initContainers, container)];
  }
  return [{ op: "add", path: `/spec/initContainers/${plan.before}`, value: container }];
}

function pathOf({ list, index }: Place): string {
  return `/spec/${list}/${index}`;
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
