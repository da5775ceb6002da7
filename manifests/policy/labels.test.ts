/** Labels that objects, pods, monitors and selectors have or must not have. */
import { describe, expect, test } from "bun:test";
import { checkLabels, checkRelease, checkSelectorLabels } from "./labels.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkLabels()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkLabels, [])).toEqual([]));

  test.each<Row>([
    [
      "an object without a name",
      [["Service", "/metadata/labels/app.kubernetes.io~1name"]],
      ["Service shop/app: metadata.labels[app.kubernetes.io/name]"],
    ],
    [
      "an object without a component",
      [["Service", "/metadata/labels/app.kubernetes.io~1component", ""]],
      ["Service shop/app: metadata.labels[app.kubernetes.io/component]"],
    ],
    [
      "a part of something else",
      [["Service", "/metadata/labels/app.kubernetes.io~1part-of", "shop"]],
      ["Service shop/app: metadata.labels[app.kubernetes.io/part-of]"],
    ],
    [
      "a pod without a component",
      [["Deployment", "/spec/template/metadata/labels/app.kubernetes.io~1component"]],
      ["spec.template.metadata.labels[app.kubernetes.io/component]"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkLabels, changes)).toEqual([...fields]),
  );
});

describe("checkRelease()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkRelease, [])).toEqual([]));

  test.each<Row>([
    [
      "a monitor that Prometheus does not see",
      [["PodMonitor", "/metadata/labels/release"]],
      ["PodMonitor shop/app: metadata.labels[release]"],
    ],
    [
      "rules that another Prometheus sees",
      [
        [
          "add",
          "",
          {
            apiVersion: "monitoring.coreos.com/v1",
            kind: "PrometheusRule",
            metadata: { name: "rules", labels: { release: "other" } },
          },
        ],
      ],
      ["PrometheusRule rules: metadata.labels[release]"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkRelease, changes)).toEqual([...fields]),
  );
});

describe("checkSelectorLabels()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkSelectorLabels, [])).toEqual([]));

  test.each<Row>([
    [
      "a version in a selector",
      [["Deployment", "/spec/selector/matchLabels/app.kubernetes.io~1version", "0.1.0"]],
      ["spec.selector.matchLabels[app.kubernetes.io/version]"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkSelectorLabels, changes)).toEqual([...fields]),
  );
});
