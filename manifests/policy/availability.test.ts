/** Replicas that are on different nodes and outlive a drain. */
import { describe, expect, test } from "bun:test";
import { checkAvailability, checkBudgets } from "./availability.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkAvailability()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkAvailability, [])).toEqual([]));

  test.each<Row>([
    [
      "replicas that are not spread",
      [["Deployment", "/spec/template/spec/topologySpreadConstraints"]],
      ["spec.template.spec.topologySpreadConstraints"],
    ],
    [
      "a spread of other pods",
      [
        [
          "Deployment",
          "/spec/template/spec/topologySpreadConstraints/0/labelSelector",
          { matchLabels: { app: "other" } },
        ],
      ],
      ["spec.template.spec.topologySpreadConstraints"],
    ],
    ["replicas without a budget", [["PodDisruptionBudget", ""]], ["spec.replicas"]],
    [
      "a budget of another namespace",
      [["PodDisruptionBudget", "/metadata/namespace", "other"]],
      ["spec.replicas"],
    ],
    [
      "a budget of other pods",
      [["PodDisruptionBudget", "/spec/selector", { matchLabels: { app: "other" } }]],
      ["spec.replicas"],
    ],
    [
      "nothing in a single replica",
      [
        ["Deployment", "/spec/replicas", 1],
        ["PodDisruptionBudget", ""],
        ["Deployment", "/spec/template/spec/topologySpreadConstraints"],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkAvailability, changes)).toEqual([...fields]),
  );
});

describe("checkBudgets()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkBudgets, [])).toEqual([]));

  test.each<Row>([
    [
      "a budget that can block a drain",
      [["PodDisruptionBudget", "/spec", { minAvailable: 1 }]],
      ["PodDisruptionBudget shop/app: spec.maxUnavailable"],
    ],
    [
      "a budget that always blocks it",
      [["PodDisruptionBudget", "/spec/maxUnavailable", 0]],
      ["PodDisruptionBudget shop/app: spec.maxUnavailable"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkBudgets, changes)).toEqual([...fields]),
  );
});
