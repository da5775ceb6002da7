/** Probes that are there, at ports that are there. */
import { describe, expect, test } from "bun:test";
import { checkProbes } from "./probes.ts";
import { CONTAINER, FIELD, fieldsOf, type Row } from "./testing/change.ts";

describe("checkProbes()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkProbes, [])).toEqual([]));

  test.each<Row>([
    [
      "no liveness probe",
      [["Deployment", `${CONTAINER}/livenessProbe`]],
      [`${FIELD}.livenessProbe`],
    ],
    [
      "no readiness probe",
      [["Deployment", `${CONTAINER}/readinessProbe`]],
      [`${FIELD}.readinessProbe`],
    ],
    [
      "a port by a name that is not there",
      [["Deployment", `${CONTAINER}/livenessProbe/httpGet/port`, "health"]],
      [`${FIELD}.livenessProbe.port`],
    ],
    [
      "a port by a number that is not there",
      [["Deployment", `${CONTAINER}/readinessProbe/httpGet/port`, 8081]],
      [`${FIELD}.readinessProbe.port`],
    ],
    [
      "a native sidecar without probes",
      [
        [
          "Deployment",
          "/spec/template/spec/initContainers",
          [{ name: "side", restartPolicy: "Always" }],
        ],
      ],
      [
        "spec.template.spec.initContainers[side].livenessProbe",
        "spec.template.spec.initContainers[side].readinessProbe",
      ],
    ],
    [
      "nothing in an init container that ends",
      [["Deployment", "/spec/template/spec/initContainers", [{ name: "init" }]]],
      [],
    ],
    [
      "nothing in a Job",
      [
        [
          "add",
          "",
          {
            apiVersion: "batch/v1",
            kind: "Job",
            metadata: { name: "job" },
            spec: { template: { spec: { containers: [{ name: "job" }] } } },
          },
        ],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkProbes, changes)).toEqual([...fields]),
  );
});
