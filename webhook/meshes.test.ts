import { describe, expect, test } from "bun:test";
import { addPort } from "./meshes.ts";
import { patchFor, planFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

const SCRAPED = { "prometheus.io/wait": "true", "prometheus.io/scrape": "true" };
const MERGED = { "prometheus.io/port": "15020", "prometheus.io/path": "/stats/prometheus" };

function istioPod(saved: string | undefined, annotations: Json = MERGED): Json {
  const env = [{ name: "ISTIO_PROMETHEUS_ANNOTATIONS", value: saved }];
  const containers = [{ name: "shop" }, { name: "istio-proxy", ...(saved && { env }) }];
  return createPod({ annotations: { ...SCRAPED, ...annotations }, spec: { containers } });
}

function annotationsOf(pod: Json): Json {
  const at = "/metadata/annotations/";
  const set = patchFor(pod).filter(({ path }) => path.startsWith(at));
  const key = (path: string) => path.slice(at.length).replaceAll("~1", "/");
  return Object.fromEntries(set.map((one) => [key(one.path), "value" in one ? one.value : null]));
}

test.each<[string, number, string]>([
  ["", 19_090, "19090"],
  ["15020", 19_090, "15020,19090"],
  [" 1 , 2,", 3, "1,2,3"],
  ["19090", 19_090, "19090"],
  ["4000-5000", 4500, "4000-5000"],
  ["4000-5000", 5001, "4000-5000,5001"],
  ["*", 1, "*,1"],
])("addPort(%p, %p) is %p", (list, port, expected) => {
  expect(addPort(list, port)).toBe(expected);
});

describe("a mesh leaves the proxy's port alone", () => {
  test("by annotations, whichever mesh comes and whether or not it has come already", () => {
    expect(annotationsOf(createPod())).toMatchObject({
      "traffic.sidecar.istio.io/excludeInboundPorts": "19090",
      "config.linkerd.io/skip-inbound-ports": "19090",
    });
  });

  test("beside the ports that were there", () => {
    const annotations = {
      ...SCRAPED,
      "traffic.sidecar.istio.io/excludeInboundPorts": "25,110",
      "config.linkerd.io/skip-inbound-ports": "19000-19100",
    };
    const changed = annotationsOf(createPod({ annotations }));
    expect(changed["traffic.sidecar.istio.io/excludeInboundPorts"]).toBe("25,110,19090");
    expect(changed).not.toHaveProperty("config.linkerd.io/skip-inbound-ports");
  });

  test.each([
    ["istio-init", "-d", "15090,15021,15020"],
    ["linkerd-init", "--inbound-ports-to-ignore", "4190,4191,4567-4568"],
  ])("in the list of %s, which was rendered before", (name, flag, list) => {
    const args = ["x", flag, list, "--more"];
    const initContainers = [
      { name: "migrate", args },
      { name, args },
    ];
    const patch = patchFor(createPod({ spec: { initContainers } }));
    expect(patch.filter(({ op }) => op === "replace")).toEqual([
      { op: "replace", path: "/spec/initContainers/1/args/2", value: `${list},19090` },
    ]);
  });

  test.each([[["-d"]], [["15020"]], [[]], [undefined]])(
    "where its init container has no such list: %p",
    (args) => {
      const spec = { initContainers: [{ name: "istio-init", args }] };
      expect(patchFor(createPod({ spec })).some(({ op }) => op === "replace")).toBe(false);
    },
  );
});

describe("Istio's merged page", () => {
  test("is undone: the proxy stands before the application, and Istio merges no more", () => {
    const pod = istioPod('{"scrape":"true","path":"/m","port":"8080"}');
    const plan = planFor(pod);
    expect(plan.origin).toMatchObject({ port: 8080, path: "/m", merged: true });
    expect(plan.warnings).toEqual([expect.stringContaining("Istio's merged page")]);
    expect(annotationsOf(pod)).toMatchObject({
      "prometheus.io/port": "18080",
      "prometheus.io/path": "/m",
      "prometheus.istio.io/merge-metrics": "false",
      "prometheus.io/original-port": "8080",
    });
  });

  test.each([undefined, "", "{", "null", "[]", '{"port":8080,"path":"x"}', '{"port":"0"}'])(
    "that kept %p stands for the defaults",
    (saved) => {
      expect(planFor(istioPod(saved)).origin).toMatchObject({
        port: 9090,
        path: "/metrics",
        merged: true,
      });
    },
  );

  test("that was made up by Istio stands for the port that is named, and the scheme stays", () => {
    const annotations = {
      ...SCRAPED,
      ...MERGED,
      "prometheus.io/wait-port-name": "metrics",
      "prometheus.io/scheme": "https",
    };
    const ports = [{ name: "metrics", containerPort: 9100 }];
    const containers = [{ name: "shop", ports }, { name: "istio-proxy" }];
    const pod = createPod({ annotations, spec: { containers } });
    expect(planFor(pod).origin).toMatchObject({ port: 9100, scheme: "https", merged: true });
    expect(annotationsOf(pod)).toMatchObject({ "prometheus.io/scheme": "http" });
  });

  test("is not taken for one where there is no istio-proxy, or another path", () => {
    expect(planFor(createPod({ annotations: { ...SCRAPED, ...MERGED } })).origin).toMatchObject({
      port: 15_020,
      merged: false,
    });
    const own = istioPod("{}", { "prometheus.io/port": "15020", "prometheus.io/path": "/metrics" });
    expect(planFor(own).origin).toMatchObject({ port: 15_020, merged: false });
  });
});

test.each<[string, Json, boolean]>([
  ["by the label that asks for it", { labels: { "sidecar.istio.io/inject": "true" } }, true],
  ["by a revision", { labels: { "istio.io/rev": "stable" } }, true],
  ["not where it is turned down", { labels: { "sidecar.istio.io/inject": "false" } }, false],
  ["not by nothing", {}, false],
])("merging is forbidden before Istio has come, %s", (_name, metadata, forbidden) => {
  const changed = annotationsOf(createPod({ annotations: SCRAPED, metadata }));
  expect("prometheus.istio.io/merge-metrics" in changed).toBe(forbidden);
});
