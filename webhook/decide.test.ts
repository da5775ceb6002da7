import { describe, expect, test } from "bun:test";
import { type Decision, decide } from "./decide.ts";
import { readReview } from "./review.ts";
import { createPod, createReview, type Json } from "./testing/review.ts";

function decideFor(object: unknown, request: Json = {}, native = false): Decision {
  const bytes = new TextEncoder().encode(JSON.stringify(createReview(object, request)));
  return decide(readReview(bytes), { native });
}

function annotated(annotations: unknown, spec: Json = {}): Decision {
  return decideFor(createPod({ annotations, spec }));
}

function plan(decision: Decision) {
  if (decision.kind !== "inject") throw new TypeError(`Expected an injection: ${decision.message}`);
  return decision.plan;
}

const wait = "prometheus.io/wait";
const port = "prometheus.io/port";

describe("decide() leaves alone", () => {
  test.each<[string, Json, string]>([
    ["an update", { operation: "UPDATE" }, "not_create"],
    ["a deletion", { operation: "DELETE", object: null }, "not_create"],
    ["a connection", { operation: "CONNECT" }, "not_create"],
    ["a subresource", { subResource: "status" }, "subresource"],
    ["an eviction", { kind: { group: "policy", kind: "Eviction" } }, "not_a_pod"],
    ["another kind", { kind: { group: "apps", kind: "Deployment" } }, "not_a_pod"],
    ["a Pod of another group", { kind: { group: "example.com", kind: "Pod" } }, "not_a_pod"],
  ])("%s", (_name, request, reason) => {
    expect(decideFor(createPod(), request)).toMatchObject({ kind: "skip", reason });
  });

  test.each<[unknown, string]>([
    [null, "not_opted_in"],
    [{}, "not_opted_in"],
    [{ [port]: "abc" }, "not_opted_in"],
    [{ [wait]: "false", [port]: "abc" }, "opted_out"],
  ])("a pod annotated %p, without a warning", (annotations, reason) => {
    const decision = annotated(annotations);
    expect(decision).toMatchObject({ kind: "skip", reason });
    expect(decision).not.toHaveProperty("warnings");
  });

  test("a pod without annotations, whatever its spec", () => {
    const pod = { metadata: {}, spec: "nonsense" };
    expect(decideFor(pod)).toMatchObject({ kind: "skip", reason: "not_opted_in" });
  });

  test.each(["True", "yes", "1", "", " true", "x".repeat(5000), "a\nb"])(
    "a pod that waits %p, with a warning that names the value and fits a header",
    (value) => {
      const decision = annotated({ [wait]: value });
      if (decision.kind !== "skip") throw new TypeError("Expected a skip");
      expect(decision.reason).toBe("unknown_opt_in");
      const [warning = ""] = decision.warnings ?? [];
      expect(warning).toContain(
        `annotation ${wait} is ${JSON.stringify(value.slice(0, 50)).slice(0, -1)}`,
      );
      expect(warning.length).toBeLessThan(200);
      expect(warning).not.toContain("\n");
    },
  );

  test.each(["containers", "initContainers"])("a pod that has the proxy among its %s", (list) => {
    const spec = { [list]: [{ name: "prometheus-metrics-proxy" }] };
    const decision = annotated({ [wait]: "true", [port]: "abc" }, spec);
    expect(decision).toMatchObject({ kind: "skip", reason: "already_injected" });
  });
});

describe("decide() plans an injection", () => {
  test.each<[string | undefined, number, number]>([
    [undefined, 9090, 19_090],
    ["8080", 8080, 18_080],
    ["1", 1, 10_001],
    ["55535", 55_535, 65_535],
    ["55536", 55_536, 19_090],
    ["65535", 65_535, 19_090],
    ["19090", 19_090, 29_090],
    ["09090", 9090, 19_090],
  ])("for %p: original %p, proxy %p", (value, originalPort, proxyPort) => {
    const annotations = { [wait]: "true", ...(value !== undefined && { [port]: value }) };
    expect(plan(annotated(annotations))).toEqual({
      originalPort,
      proxyPort,
      gracePeriodSeconds: 30,
      native: false,
    });
  });

  test("around the ports that the pod declares, init containers included", () => {
    const ports = (...numbers: number[]) => numbers.map((containerPort) => ({ containerPort }));
    const spec = {
      containers: [{ name: "a", ports: ports(9090, 19_090) }, { name: "b" }],
      initContainers: [{ name: "c", ports: ports(19_091) }],
    };
    expect(plan(annotated({ [wait]: "true" }, spec)).proxyPort).toBe(19_092);
    expect(plan(annotated({ [wait]: "true", [port]: "60000" }, spec)).proxyPort).toBe(19_092);
    expect(plan(annotated({ [wait]: "true", [port]: "8080" }, spec)).proxyPort).toBe(18_080);
  });

  test.each<[unknown, number]>([
    [undefined, 30],
    [null, 30],
    [120, 120],
    [0, 1],
    [-5, 1],
    [1e9, 86_400],
  ])("with the grace period of a pod that says %p: %p s", (terminationGracePeriodSeconds, told) => {
    const decision = annotated({ [wait]: "true" }, { terminationGracePeriodSeconds });
    expect(plan(decision).gracePeriodSeconds).toBe(told);
  });

  test("of a native sidecar where the operator wants that", () => {
    expect(plan(decideFor(createPod(), {}, true)).native).toBe(true);
  });
});

describe("decide() refuses", () => {
  test.each(["abc", "0", "70000", "65536", "", "-1", "+9090", "90.5", " 9090", "metrics", "1e3"])(
    "the port %p, naming annotation, value and what is allowed",
    (value) => {
      const decision = annotated({ [wait]: "true", [port]: value });
      expect(decision).toEqual({
        kind: "deny",
        reason: "invalid_port",
        message: `annotation ${port} is ${JSON.stringify(value)}; it must be a port number from 1 to 65535`,
      });
    },
  );

  test.each<[string, unknown, string]>([
    ["no object", null, "expected object"],
    ["a text", "pod", "expected object"],
    ["no metadata", { spec: {} }, "metadata: expected object"],
    ["annotations of numbers", createPod({ annotations: { a: 1 } }), "metadata.annotations.a"],
    ["annotations in a list", createPod({ annotations: ["a"] }), "metadata.annotations"],
    ["no containers", createPod({ spec: { containers: null } }), "spec.containers: expected array"],
    ["a nameless container", createPod({ spec: { containers: [{}] } }), "spec.containers[0].name"],
    [
      "a numeric init container",
      createPod({ spec: { initContainers: [1] } }),
      "spec.initContainers[0]",
    ],
    [
      "a text for a grace period",
      createPod({ spec: { terminationGracePeriodSeconds: "30" } }),
      "spec.termination",
    ],
  ])("a pod with %s, naming the field", (_name, object, field) => {
    const decision = decideFor(object);
    expect(decision).toMatchObject({ kind: "deny", reason: "invalid_pod" });
    expect(decision).toHaveProperty("message", expect.stringContaining(field));
  });

  test("a pod that declares every port", () => {
    const ports = Array.from({ length: 65_535 }, (_, index) => ({ containerPort: index + 1 }));
    const decision = annotated({ [wait]: "true" }, { containers: [{ name: "a", ports }] });
    expect(decision).toMatchObject({ kind: "deny", reason: "no_free_port" });
  });
});
