import { describe, expect, test } from "bun:test";
import type { PodSpec } from "./pod.ts";
import { isGuaranteed, resourcesFor } from "./resources.ts";

const DEFAULTS = { cpuRequest: "10m", cpuLimit: "", memoryRequest: "32Mi", memoryLimit: "128Mi" };

type Resources = NonNullable<PodSpec["resources"]>;

function spec(...resources: (Resources | undefined)[]): PodSpec {
  return { containers: resources.map((one, i) => ({ name: `c${i}`, resources: one })) };
}

const fixed: Resources = {
  requests: { cpu: "1", memory: "1Gi" },
  limits: { cpu: "1000m", memory: "1024Mi" },
};
const loose: Resources = { requests: { cpu: "1" }, limits: { memory: "1Gi" } };

test.each<[string, PodSpec, boolean]>([
  ["equal requests and limits, however written", spec(fixed), true],
  ["limits alone", spec({ limits: { cpu: 1, memory: "1Gi" } }), true],
  ["one of two without", spec(fixed, undefined), false],
  ["no CPU limit", spec(loose), false],
  ["a lower request", spec({ ...fixed, requests: { cpu: "1", memory: "1Mi" } }), false],
  ["a limit of 0", spec({ limits: { cpu: "0", memory: "1Gi" } }), false],
  ["an init container without", { ...spec(fixed), initContainers: [{ name: "i" }] }, false],
  [
    "an init container with",
    { ...spec(fixed), initContainers: [{ name: "i", resources: fixed }] },
    true,
  ],
])("isGuaranteed() of a pod with %s", (_name, pod, guaranteed) => {
  expect(isGuaranteed(pod)).toBe(guaranteed);
});

describe("resourcesFor()", () => {
  test("are the defaults of the operator", () => {
    expect(resourcesFor(spec(loose), {}, DEFAULTS)).toEqual({
      requests: { cpu: "10m", memory: "32Mi" },
      limits: { memory: "128Mi" },
    });
  });

  test.each<[string, Parameters<typeof resourcesFor>[1], object, object]>([
    [
      "all four",
      { cpuRequest: "20m", cpuLimit: "1", memoryRequest: "64Mi", memoryLimit: "96Mi" },
      { cpu: "20m", memory: "64Mi" },
      { cpu: "1", memory: "96Mi" },
    ],
    [
      "a limit below the default request, which gives way",
      { memoryLimit: "16Mi" },
      { cpu: "10m", memory: "16Mi" },
      { memory: "16Mi" },
    ],
    [
      "a request above the default limit, which gives way",
      { memoryRequest: "1Gi" },
      { cpu: "10m", memory: "1Gi" },
      { memory: "1Gi" },
    ],
  ])("take from the annotations %s", (_name, settings, requests, limits) => {
    expect(resourcesFor(spec(loose), settings, DEFAULTS)).toEqual({ requests, limits } as never);
  });

  test.each<[string, Parameters<typeof resourcesFor>[1], string, string]>([
    ["by default", {}, "100m", "128Mi"],
    ["with a CPU limit", { cpuLimit: "50m" }, "50m", "128Mi"],
    ["with a larger CPU request", { cpuRequest: "200m" }, "200m", "128Mi"],
    ["with a memory limit", { memoryLimit: "64Mi" }, "100m", "64Mi"],
  ])("keep a pod Guaranteed %s", (_name, settings, cpu, memory) => {
    const resources = resourcesFor(spec(fixed), settings, DEFAULTS);
    expect(resources).toEqual({ requests: { cpu, memory }, limits: { cpu, memory } });
    expect(isGuaranteed(spec(fixed, resources))).toBe(true);
  });

  test("have a CPU limit where every container has one: a quota may demand it", () => {
    const limited = { requests: { cpu: "10m" }, limits: { cpu: "1", memory: "1Gi" } };
    expect(resourcesFor(spec(limited), {}, DEFAULTS)?.limits).toEqual({
      cpu: "100m",
      memory: "128Mi",
    });
    expect(resourcesFor(spec(limited, loose), {}, DEFAULTS)?.limits).not.toHaveProperty("cpu");
  });

  test("are left out where the pod has resources as a whole", () => {
    const pod = { ...spec(loose), resources: { limits: { cpu: "2" } } };
    expect(resourcesFor(pod, {}, DEFAULTS)).toBeUndefined();
    expect(resourcesFor({ ...pod, resources: {} }, {}, DEFAULTS)).toBeDefined();
  });
});
