/** What our own pods and namespaces have beyond the profile restricted. */
import { describe, expect, test } from "bun:test";
import { checkNamespaces, checkOwnPods, checkReadOnlyRoot } from "./hardening.ts";
import { CONTAINER, FIELD, fieldsOf, type Row } from "./testing/change.ts";

describe("checkReadOnlyRoot()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkReadOnlyRoot, [])).toEqual([]));

  test.each<Row>([
    [
      "a root that can be written",
      [["Deployment", `${CONTAINER}/securityContext/readOnlyRootFilesystem`]],
      [`${FIELD}.securityContext.readOnlyRootFilesystem`],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkReadOnlyRoot, changes)).toEqual([...fields]),
  );
});

describe("checkOwnPods()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkOwnPods, [])).toEqual([]));

  test.each<Row>([
    [
      "service links",
      [["Deployment", "/spec/template/spec/enableServiceLinks"]],
      ["spec.template.spec.enableServiceLinks"],
    ],
    [
      "another user than the image's",
      [["Deployment", "/spec/template/spec/securityContext/runAsUser", 1000]],
      ["spec.template.spec.securityContext.runAsUser"],
    ],
    [
      "no group",
      [["Deployment", "/spec/template/spec/securityContext/runAsGroup"]],
      ["spec.template.spec.securityContext.runAsGroup"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkOwnPods, changes)).toEqual([...fields]),
  );
});

describe("checkNamespaces()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkNamespaces, [])).toEqual([]));

  test.each<Row>([
    [
      "a namespace that takes anything",
      [["Namespace", "/metadata/labels/pod-security.kubernetes.io~1enforce"]],
      ["Namespace shop: metadata.labels[pod-security.kubernetes.io/enforce]"],
    ],
    [
      "nothing in the namespace that is shared with the node exporter",
      [["Namespace", "/metadata", { name: "monitoring" }]],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkNamespaces, changes)).toEqual([...fields]),
  );
});
