import { describe, expect, test } from "bun:test";
import { Pointer } from "rfc6902";
import { addMembers, append, escapePointer } from "./patch.ts";
import { applyPatch } from "./testing/apply.ts";
import { patchFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

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
  const given = { policy: { native } };

  test.each(PODS)(
    "gives a pod %s the container, a hook, time and annotations, and changes nothing else",
    (_name, pod) => {
      const patched = applyPatch(pod, patchFor(pod, given));
      const { metadata, spec } = structuredClone(pod) as { metadata: Json; spec: Json };
      const annotations = metadata.annotations as Record<string, string>;
      const original = annotations["prometheus.io/port"] ?? "9090";
      const proxy = String(Number(original) + 10_000);
      const sidecar = expect.objectContaining({ name: "prometheus-metrics-proxy" });
      const preStop = { httpGet: expect.objectContaining({ port: Number(proxy) }) };
      const hooked = (spec.containers as Json[]).map((one) => ({ ...one, lifecycle: { preStop } }));
      const present = (spec.initContainers as unknown[] | null | undefined) ?? [];
      expect(patched).toEqual({
        ...pod,
        metadata: {
          ...metadata,
          annotations: {
            ...annotations,
            "prometheus.io/port": proxy,
            "prometheus.io/original-port": original,
            "prometheus.io/wait-status": JSON.stringify({
              version: "1.2.3",
              mode: native ? "native" : "regular",
              originalPort: Number(original),
              proxyPort: Number(proxy),
              path: "/metrics",
            }),
            "traffic.sidecar.istio.io/excludeInboundPorts": proxy,
            "config.linkerd.io/skip-inbound-ports": proxy,
          },
        },
        spec: {
          ...spec,
          terminationGracePeriodSeconds: 95,
          containers: native ? hooked : [...hooked, sidecar],
          ...(native && { initContainers: [...present, sidecar] }),
        },
      });
    },
  );

  test.each(PODS)("has nothing more to do for a pod %s once it is applied", (_name, pod) => {
    const once = applyPatch(pod, patchFor(pod, given));
    expect(patchFor(once, given)).toEqual([]);
    expect(patchFor(once, { policy: { native: !native } })).toEqual([]);
  });
});

test("createPatch() has no operation for what is right already", () => {
  const pod = createPod({
    annotations: {
      "prometheus.io/wait": "true",
      "prometheus.io/original-port": "9090",
      "config.linkerd.io/skip-inbound-ports": "19090",
      "prometheus.io/wait-prestop": "false",
    },
    spec: { terminationGracePeriodSeconds: 500 },
  });
  expect(patchFor(pod).map(({ path }) => path)).toEqual([
    "/metadata/annotations/prometheus.io~1port",
    "/metadata/annotations/prometheus.io~1wait-status",
    "/metadata/annotations/traffic.sidecar.istio.io~1excludeInboundPorts",
    "/spec/containers/-",
  ]);
});

test("createPatch() inserts a native sidecar before the one that serves the page, hooks untouched", () => {
  const server = {
    name: "s",
    image: "s:1",
    restartPolicy: "Always",
    ports: [{ containerPort: 9090 }],
  };
  const pod = createPod({
    spec: { containers: [{ name: "a" }], initContainers: [{ name: "m" }, server] },
  });
  const { spec } = applyPatch(pod, patchFor(pod)) as { spec: { [list: string]: Json[] } };
  const names = (list: string) => spec[list]?.map(({ name }) => name);
  expect(names("initContainers")).toEqual(["m", "prometheus-metrics-proxy", "s"]);
  expect(spec.containers).toEqual([{ name: "a" }]);
});

test("createPatch() keeps a postStart hook beside its own", () => {
  const postStart = { exec: { command: ["x"] } };
  const pod = createPod({ spec: { containers: [{ name: "a", lifecycle: { postStart } }] } });
  const patched = applyPatch(pod, patchFor(pod)) as { spec: { containers: Json[] } };
  const preStop = expect.objectContaining({ httpGet: expect.anything() });
  expect(patched.spec.containers[0]?.lifecycle).toEqual({ postStart, preStop });
});

test.each([undefined, null, {}, { "a/b": "0", "~1": "x" }])(
  "addMembers() sets keys with / and ~ in %p",
  (annotations) => {
    const wanted = { "a/b": "1", "~1": "2", "c~/d": "3" };
    const document = annotations === undefined ? {} : { annotations };
    expect(applyPatch(document, addMembers("/annotations", annotations, wanted))).toEqual({
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
  expect(applyPatch(document, [append("/list", list, 7)])).toEqual({ list: expected });
});

test.each(["a/b", "~", "~1", "/~/", "plain"])("escapePointer(%p) is read back", (key) => {
  expect(Pointer.fromJSON(`/${escapePointer(key)}`).tokens).toEqual(["", key]);
});
