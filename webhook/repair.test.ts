import { describe, expect, test } from "bun:test";
import { applyPatch } from "./testing/apply.ts";
import { decideFor, type Given, patchFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

const PORT = "prometheus.io/port";
const PATH = "prometheus.io/path";
const SCHEME = "prometheus.io/scheme";
const STATUS = "prometheus.io/wait-status";
const MERGE = "prometheus.istio.io/merge-metrics";
const MERGED = { [PORT]: "15020", [PATH]: "/stats/prometheus" };

/** A pod as this webhook has injected it. */
function injected(annotations: Json = {}, given: Given = {}): Json {
  const all = { "prometheus.io/wait": "true", "prometheus.io/scrape": "true", ...annotations };
  const pod = createPod({ annotations: all });
  return applyPatch(pod, patchFor(pod, given));
}

const annotationsOf = (pod: Json) => (pod.metadata as { annotations: Json }).annotations;

/** The pod after another webhook has set annotations, and added containers. */
function changed(pod: Json, annotations: Json, ...containers: Json[]): Json {
  const { metadata, spec } = pod as { metadata: Json; spec: { containers: Json[] } };
  return {
    ...pod,
    metadata: { ...metadata, annotations: { ...annotationsOf(pod), ...annotations } },
    spec: { ...spec, containers: [...spec.containers, ...containers] },
  };
}

function without(pod: Json, key: string): Json {
  const { [key]: _, ...annotations } = annotationsOf(pod);
  return { ...pod, metadata: { ...(pod.metadata as Json), annotations } };
}

/** The status without the path, as older versions wrote it. */
function withOldStatus(pod: Json): Json {
  const { path: _, ...status } = JSON.parse(String(annotationsOf(pod)[STATUS])) as Json;
  return changed(pod, { [STATUS]: JSON.stringify(status) });
}

const ISTIO = { name: "istio-proxy", image: "istio/proxyv2:1" };

describe("an injected pod, asked about once more, is led back to its sidecar", () => {
  test.each<[string, Json]>([
    ["without a path of its own", {}],
    ["with port and path of its own", { [PORT]: "8080", [PATH]: "/m" }],
    ["that is served by https", { [SCHEME]: "https" }],
  ])("after Istio has merged the pages of one %s, and Istio merges no more", (_name, own) => {
    const before = injected(own);
    const merged = changed(before, MERGED, ISTIO);
    const wanted = { [PATH]: "/metrics", ...annotationsOf(before), [MERGE]: "false" };
    expect(decideFor(merged)).toMatchObject({
      kind: "repair",
      reason: "repaired",
      warnings: [expect.stringContaining("Istio's merged page")],
    });
    const repaired = applyPatch(merged, patchFor(merged));
    expect(repaired).toEqual(changed(before, wanted, ISTIO));
    expect(decideFor(repaired)).toMatchObject({ kind: "skip", reason: "already_injected" });
  });

  test.each<[string, Json, string]>([
    ["port", { [PORT]: "9090" }, 'prometheus.io/port "9090" becomes "19090"'],
    ["port, to what is none,", { [PORT]: "abc" }, 'prometheus.io/port "abc" becomes "19090"'],
    ["path", { [PATH]: "/other" }, 'prometheus.io/path "/other" becomes "/metrics"'],
    ["scheme", { [SCHEME]: "https" }, 'prometheus.io/scheme "https" becomes "http"'],
  ])("after somebody has changed its %s, who is told", (_name, annotations, text) => {
    const before = injected({ [PATH]: "/metrics", [SCHEME]: "http" });
    const pod = changed(before, annotations);
    const message = `scrapes would have gone past the metrics proxy that the pod has: ${text} again`;
    expect(decideFor(pod)).toMatchObject({ kind: "repair", message, warnings: [message] });
    expect(patchFor(pod)).toHaveLength(1);
    expect(applyPatch(pod, patchFor(pod))).toEqual(before);
  });

  test("after somebody has removed its port", () => {
    const before = injected();
    const pod = without(before, PORT);
    expect(decideFor(pod)).toHaveProperty(
      "message",
      expect.stringContaining(': prometheus.io/port becomes "19090" again'),
    );
    expect(applyPatch(pod, patchFor(pod))).toEqual(before);
  });

  test("as a native sidecar alike", () => {
    const before = injected({}, { policy: { native: true } });
    const pod = changed(before, { [PORT]: "9090" });
    expect(applyPatch(pod, patchFor(pod))).toEqual(before);
  });

  test("but for the path, where the status is of an older version that did not keep it", () => {
    const pod = changed(withOldStatus(injected({ [PATH]: "/m" })), MERGED, ISTIO);
    expect(patchFor(pod)).toEqual([
      { op: "add", path: "/metadata/annotations/prometheus.io~1port", value: "19090" },
      {
        op: "add",
        path: "/metadata/annotations/prometheus.istio.io~1merge-metrics",
        value: "false",
      },
    ]);
  });
});

describe("a pod with the sidecar is left byte for byte", () => {
  const pod = injected({ [PORT]: "8080" });
  test.each<[string, Json]>([
    ["that was restored or applied again", pod],
    ["with the defaults written out", changed(pod, { [PATH]: "/metrics", [SCHEME]: "http" })],
    ["of an older version", withOldStatus(pod)],
    ["without a status", without(changed(pod, { [PORT]: "1" }), STATUS)],
    ["with another's status", changed(pod, { [PORT]: "1", [STATUS]: "{}" })],
    [
      "with the status of another port than the sidecar's",
      changed(pod, { [PORT]: "1", [STATUS]: '{"originalPort":9090,"proxyPort":19090}' }),
    ],
    [
      "with a path in its status that is none",
      changed(pod, {
        [PORT]: "1",
        [STATUS]: '{"originalPort":8080,"proxyPort":18080,"path":["/a"]}',
      }),
    ],
  ])("%s", (_name, one) => {
    expect(decideFor(one)).toMatchObject({
      kind: "skip",
      reason: "already_injected",
      warnings: [],
    });
    expect(patchFor(one)).toEqual([]);
  });

  test("in a namespace that is excluded, whatever its annotations", () => {
    const request = { namespace: "kube-system" };
    const decision = decideFor(changed(pod, { [PORT]: "1" }), { request });
    expect(decision).toMatchObject({ kind: "skip", reason: "excluded_namespace" });
  });
});
