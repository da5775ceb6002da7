/** Pods behind a NetworkPolicy that lets in who should be. */
import { describe, expect, test } from "bun:test";
import { checkNetworkPolicies, checkNetworkPorts } from "./network.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkNetworkPolicies()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkNetworkPolicies, [])).toEqual([]));

  test.each<Row>([
    ["pods without one", [["NetworkPolicy", ""]], ["spec.template.metadata.labels"]],
    [
      "one of another namespace",
      [["NetworkPolicy", "/metadata/namespace", "other"]],
      ["spec.template.metadata.labels"],
    ],
    [
      "one of other pods",
      [["NetworkPolicy", "/spec/podSelector", { matchLabels: { app: "other" } }]],
      ["spec.template.metadata.labels"],
    ],
    [
      "nothing where one is for the whole namespace",
      [["NetworkPolicy", "/spec/podSelector", {}]],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkNetworkPolicies, changes)).toEqual([...fields]),
  );
});

describe("checkNetworkPorts()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkNetworkPorts, [])).toEqual([]));

  test.each<Row>([
    [
      "a port by a name that no pod has",
      [["NetworkPolicy", "/spec/ingress/0/ports/0/port", "web"]],
      ["NetworkPolicy shop/app: spec.ingress.ports.port"],
    ],
    [
      "a port by the Service's number",
      [["NetworkPolicy", "/spec/ingress/0/ports/0/port", 80]],
      ["NetworkPolicy shop/app: spec.ingress.ports.port"],
    ],
    ["nothing in the pod's number", [["NetworkPolicy", "/spec/ingress/0/ports/0/port", 8080]], []],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkNetworkPorts, changes)).toEqual([...fields]),
  );
});
