import { describe, expect, test } from "bun:test";
import type { ServiceFacts } from "./port-name.ts";
import { decideFor, patchFor, planFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

function pod(name: string, container: Json = {}): Json {
  const annotations = { "prometheus.io/wait": "true", "prometheus.io/wait-port-name": name };
  const ports = [
    { name: "other", containerPort: 80 },
    { name, containerPort: 9100 },
  ];
  return createPod({ annotations, spec: { containers: [{ name: "a", ports, ...container }] } });
}

function service(parts: Partial<ServiceFacts>): ServiceFacts {
  return { name: "shop", selector: { app: "shop" }, type: "ClusterIP", ports: [], ...parts };
}

describe("the name of a port moves to the sidecar", () => {
  test("with its number as the original port, and the application's port left without a name", () => {
    const plan = planFor(pod("metrics"));
    expect(plan.origin.port).toBe(9100);
    const patch = patchFor(pod("metrics"));
    expect(patch).toContainEqual({ op: "remove", path: "/spec/containers/0/ports/1/name" });
    expect(patch.at(-1)).toMatchObject({
      value: { ports: [{ name: "metrics", containerPort: 19_100 }] },
    });
  });

  test("and its own container's probes and hooks call the number instead, no others", () => {
    const handler = { httpGet: { path: "/", port: "metrics" } };
    const probes = {
      livenessProbe: handler,
      readinessProbe: { tcpSocket: { port: "metrics" } },
      startupProbe: { httpGet: { port: "other" } },
      lifecycle: { postStart: handler, preStop: handler },
    };
    const replaced = patchFor(pod("metrics", probes)).filter(({ op }) => op === "replace");
    const at = (path: string) => ({
      op: "replace",
      path: `/spec/containers/0${path}`,
      value: 9100,
    });
    expect(replaced).toEqual([
      at("/livenessProbe/httpGet/port"),
      at("/readinessProbe/tcpSocket/port"),
      at("/lifecycle/postStart/httpGet/port"),
      at("/lifecycle/preStop/httpGet/port"),
    ] as never);
  });

  test.each<[string, ServiceFacts]>([
    [
      "that is there for its monitor",
      service({ ports: [{ name: "metrics", port: 9100, targetPort: "metrics" }] }),
    ],
    [
      "that calls it http-metrics",
      service({ ports: [{ name: "http-metrics", port: 1, targetPort: "metrics" }] }),
    ],
    [
      "that sends users to the number",
      service({ ports: [{ name: "http", port: 80, targetPort: 9100 }] }),
    ],
    [
      "of other pods",
      service({ selector: { app: "x" }, ports: [{ port: 80, targetPort: "metrics" }] }),
    ],
    [
      "that selects nothing",
      service({ selector: {}, ports: [{ port: 80, targetPort: "metrics" }] }),
    ],
  ])("past a Service %s", (_name, one) => {
    const plan = planFor(pod("metrics"), { circumstances: { services: [one] } });
    expect(plan.takeOver?.name).toBe("metrics");
    expect(plan.warnings).toEqual([]);
  });
});

describe("the name of a port stays, with a warning,", () => {
  test.each(["http", "https"])("where it is %p", (name) => {
    const plan = planFor(pod(name));
    expect(plan.takeOver).toBeUndefined();
    expect(plan.origin.port).toBe(9100);
    expect(plan.warnings).toEqual([expect.stringContaining(`port "${name}" keeps its name`)]);
  });

  test.each<[string, Partial<ServiceFacts>]>([
    ["port 80", { ports: [{ name: "x", port: 80, targetPort: "metrics" }] }],
    ["a port named grpc-api", { ports: [{ name: "grpc-api", port: 1, targetPort: "metrics" }] }],
    [
      "a port of protocol h2c",
      { ports: [{ port: 1, targetPort: "metrics", appProtocol: "kubernetes.io/h2c" }] },
    ],
    ["a port without a name", { ports: [{ port: 8080, targetPort: "metrics" }] }],
    ["a load balancer", { type: "LoadBalancer", ports: [{ port: 1, targetPort: "metrics" }] }],
    [
      "two ports",
      {
        ports: [
          { port: 1, targetPort: "metrics" },
          { port: 2, targetPort: "metrics" },
        ],
      },
    ],
  ])("where a Service sends users there by %s", (_name, parts) => {
    const plan = planFor(pod("metrics"), { circumstances: { services: [service(parts)] } });
    expect(plan.takeOver).toBeUndefined();
    expect(plan.warnings).toEqual([
      'port "metrics" keeps its name, since Service "shop" sends other requests than scrapes there; give the metrics a port of their own to have monitors find the metrics proxy',
    ]);
  });
});

test("the name of a port stays, with a warning, where the Services could not be looked up", () => {
  const plan = planFor(pod("metrics"), { circumstances: { services: "unavailable" } });
  expect(plan.takeOver).toBeUndefined();
  expect(plan.origin.port).toBe(9100);
  expect(plan.warnings).toEqual([
    'port "metrics" keeps its name, since the Services of the namespace could not be looked up (the webhook\'s log says why); monitors find the metrics proxy once the pod is created anew',
  ]);
});

test("a name that two containers declare is refused: nobody could tell which one is meant", () => {
  const ports = [{ name: "metrics", containerPort: 9100 }];
  const containers = [
    { name: "a", ports },
    { name: "b", ports },
  ];
  const annotations = { "prometheus.io/wait": "true", "prometheus.io/wait-port-name": "metrics" };
  expect(decideFor(createPod({ annotations, spec: { containers } }))).toMatchObject({
    kind: "deny",
    reason: "invalid_annotation",
  });
});
