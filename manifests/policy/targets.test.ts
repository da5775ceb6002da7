/** Selectors and ports that meet something. */
import { describe, expect, test } from "bun:test";
import { checkMonitors, checkOwnSelectors, checkPodSelectors, checkServices } from "./targets.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkServices()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkServices, [])).toEqual([]));

  test.each<Row>([
    [
      "a Service of no pods",
      [["Service", "/spec/selector", { app: "other" }]],
      ["Service shop/app: spec.selector"],
    ],
    [
      "a Service of another namespace",
      [["Service", "/metadata/namespace", "other"]],
      ["Service other/app: spec.selector"],
    ],
    [
      "a target port that no pod has",
      [["Service", "/spec/ports/0/targetPort", "web"]],
      ["Service shop/app: spec.ports[metrics].targetPort"],
    ],
    [
      "a port that is its own target",
      [["Service", "/spec/ports/0/targetPort"]],
      ["Service shop/app: spec.ports[metrics].targetPort"],
    ],
    ["nothing in a number that the pod has", [["Service", "/spec/ports/0/targetPort", 8080]], []],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkServices, changes)).toEqual([...fields]),
  );
});

describe("checkPodSelectors()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkPodSelectors, [])).toEqual([]));

  test.each<Row>([
    [
      "a budget of no pods",
      [["PodDisruptionBudget", "/spec/selector/matchExpressions/0/values", ["other"]]],
      ["PodDisruptionBudget shop/app: spec.selector"],
    ],
    [
      "a NetworkPolicy of no pods",
      [["NetworkPolicy", "/spec/podSelector/matchLabels", { app: "other" }]],
      ["NetworkPolicy shop/app: spec.podSelector"],
    ],
    [
      "a PodMonitor of no pods",
      [["PodMonitor", "/spec/namespaceSelector", { matchNames: ["other"] }]],
      ["PodMonitor shop/app: spec.selector"],
    ],
    [
      "nothing in a PodMonitor for every namespace",
      [
        ["PodMonitor", "/spec/namespaceSelector", { any: true }],
        ["PodMonitor", "/metadata/namespace", "other"],
      ],
      [],
    ],
    [
      "a policy of Istio for no pods",
      [
        [
          "add",
          "",
          {
            apiVersion: "security.istio.io/v1",
            kind: "PeerAuthentication",
            metadata: { name: "plain" },
            spec: { selector: { matchLabels: { app: "other" } } },
          },
        ],
      ],
      ["PeerAuthentication plain: spec.selector"],
    ],
    [
      "nothing in one for the whole namespace",
      [
        [
          "add",
          "",
          {
            apiVersion: "security.istio.io/v1",
            kind: "PeerAuthentication",
            metadata: { name: "plain" },
            spec: {},
          },
        ],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkPodSelectors, changes)).toEqual([...fields]),
  );
});

describe("checkOwnSelectors()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkOwnSelectors, [])).toEqual([]));

  test.each<Row>([
    [
      "a workload that does not select its pods",
      [["Deployment", "/spec/selector/matchLabels", { app: "other" }]],
      ["spec.selector"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkOwnSelectors, changes)).toEqual([...fields]),
  );
});

describe("checkMonitors()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkMonitors, [])).toEqual([]));

  test.each<Row>([
    [
      "a port that no pod has",
      [["PodMonitor", "/spec/podMetricsEndpoints/0/port", "web"]],
      ["PodMonitor shop/app: spec.podMetricsEndpoints.port"],
    ],
    [
      "a ServiceMonitor of no Service",
      [["ServiceMonitor", "/spec/selector/matchLabels", { app: "other" }]],
      ["ServiceMonitor shop/app: spec.selector"],
    ],
    [
      "a port that no Service has",
      [["ServiceMonitor", "/spec/endpoints/0/port", "web"]],
      ["ServiceMonitor shop/app: spec.endpoints.port"],
    ],
    [
      "an endpoint without a port",
      [["ServiceMonitor", "/spec/endpoints/0", {}]],
      ["ServiceMonitor shop/app: spec.endpoints.port"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkMonitors, changes)).toEqual([...fields]),
  );
});
