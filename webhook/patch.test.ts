import { describe, expect, test } from "bun:test";
import { applyPatch, Pointer } from "rfc6902";
import { createContainer } from "./container.ts";
import { decide } from "./decide.ts";
import { addMembers, append, createPatch, escapePointer, type Operation } from "./patch.ts";
import { readReview } from "./review.ts";
import { createPod, createReview, type Json } from "./testing/review.ts";

/** The patch for a pod, or nothing where it is left alone. */
function patchOf(pod: Json, native: boolean): readonly Operation[] {
  const bytes = new TextEncoder().encode(JSON.stringify(createReview(pod)));
  const decision = decide(readReview(bytes), { native });
  if (decision.kind !== "inject") return [];
  return createPatch(decision.pod, decision.plan, createContainer(decision.plan, "proxy:1"));
}

/** Applies a patch by a library that is not ours. */
function apply(document: Json, patch: readonly Operation[]): Json {
  const copy = structuredClone(document);
  for (const error of applyPatch(copy, [...patch])) if (error !== null) throw error;
  return copy;
}

const PODS: [string, Json][] = [
  ["as usual", createPod()],
  [
    "with a port",
    createPod({ annotations: { "prometheus.io/wait": "true", "prometheus.io/port": "8080" } }),
  ],
  [
    "with init containers",
    createPod({ spec: { initContainers: [{ name: "init", image: "i:1" }] } }),
  ],
  ["with null for init containers", createPod({ spec: { initContainers: null } })],
  ["with fields from the future", createPod({ spec: { future: { deep: [1, { x: null }] } } })],
];

describe.each([false, true])("createPatch() with native sidecars %p", (native) => {
  test.each(PODS)(
    "gives a pod %s the container and annotations and changes nothing else",
    (_name, pod) => {
      const patched = apply(pod, patchOf(pod, native));
      const { metadata, spec } = structuredClone(pod) as { metadata: Json; spec: Json };
      const annotations = metadata.annotations as Record<string, string>;
      const original = annotations["prometheus.io/port"] ?? "9090";
      const list = native ? "initContainers" : "containers";
      const present = (spec[list] as unknown[] | null | undefined) ?? [];
      expect(patched).toEqual({
        ...pod,
        metadata: {
          ...metadata,
          annotations: {
            ...annotations,
            "prometheus.io/port": String(Number(original) + 10_000),
            "prometheus.io/original-port": original,
          },
        },
        spec: {
          ...spec,
          [list]: [...present, expect.objectContaining({ name: "prometheus-metrics-proxy" })],
        },
      });
    },
  );

  test.each(PODS)("has nothing more to do for a pod %s once it is applied", (_name, pod) => {
    const once = apply(pod, patchOf(pod, native));
    expect(patchOf(once, native)).toEqual([]);
    expect(patchOf(once, !native)).toEqual([]);
  });
});

test("createPatch() leaves out an annotation that is right already", () => {
  const annotations = { "prometheus.io/wait": "true", "prometheus.io/original-port": "9090" };
  expect(patchOf(createPod({ annotations }), false).map(({ path }) => path)).toEqual([
    "/metadata/annotations/prometheus.io~1port",
    "/spec/containers/-",
  ]);
});

test.each([undefined, null, {}, { "a/b": "0", "~1": "x" }])(
  "addMembers() sets keys with / and ~ in %p",
  (annotations) => {
    const wanted = { "a/b": "1", "~1": "2", "c~/d": "3" };
    const document = annotations === undefined ? {} : { annotations };
    expect(apply(document, addMembers("/annotations", annotations, wanted))).toEqual({
      annotations: wanted,
    });
  },
);

test.each<[unknown[] | null | undefined, unknown[]]>([
  [undefined, [7]],
  [null, [7]],
  [[], [7]],
  [
    [1, 2],
    [1, 2, 7],
  ],
])("append() to %p gives %p", (list, expected) => {
  const document = list === undefined ? {} : { list };
  expect(apply(document, [append("/list", list, 7)])).toEqual({ list: expected });
});

test.each(["a/b", "~", "~1", "/~/", "plain"])("escapePointer(%p) is read back", (key) => {
  expect(Pointer.fromJSON(`/${escapePointer(key)}`).tokens).toEqual(["", key]);
});
