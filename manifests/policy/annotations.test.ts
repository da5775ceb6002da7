/** Pods that are scraped once. */
import { describe, expect, test } from "bun:test";
import { checkAnnotations } from "./annotations.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkAnnotations()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkAnnotations, [])).toEqual([]));

  test.each<Row>([
    [
      "annotations beside a PodMonitor",
      [["Deployment", "/spec/template/metadata/annotations/prometheus.io~1scrape", "true"]],
      ["spec.template.metadata.annotations[prometheus.io/scrape]"],
    ],
    [
      "a port that the pod does not have",
      [
        [
          "Deployment",
          "/spec/template/metadata/annotations",
          { "prometheus.io/scrape": "true", "prometheus.io/port": "80" },
        ],
        ["PodMonitor", ""],
      ],
      ["spec.template.metadata.annotations[prometheus.io/port]"],
    ],
    [
      "nothing in annotations alone",
      [
        ["Deployment", "/spec/template/metadata/annotations/prometheus.io~1scrape", "true"],
        ["PodMonitor", ""],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkAnnotations, changes)).toEqual([...fields]),
  );
});
