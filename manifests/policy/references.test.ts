/** What pods name, and what is there. */
import { describe, expect, test } from "bun:test";
import { checkReferences, checkVolumes } from "./references.ts";
import { CONTAINER, FIELD, fieldsOf, type Row } from "./testing/change.ts";

describe("checkReferences()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkReferences, [])).toEqual([]));

  test.each<Row>([
    [
      "a ConfigMap that is not there",
      [["ConfigMap", ""]],
      ["spec.template.spec.volumes[settings]"],
    ],
    [
      "a ConfigMap of another namespace",
      [["ConfigMap", "/metadata/namespace", "other"]],
      ["spec.template.spec.volumes[settings]"],
    ],
    [
      "a key that the ConfigMap does not have",
      [
        [
          "Deployment",
          "/spec/template/spec/volumes/0/configMap/items",
          [{ key: "other.yaml", path: "x" }],
        ],
      ],
      ["spec.template.spec.volumes[settings]"],
    ],
    ["a Secret that nobody makes", [["ExternalSecret", ""]], [`${FIELD}.env[APP_KEY]`]],
    [
      "a Secret under another name",
      [["ExternalSecret", "/spec/target/name", "other"]],
      [`${FIELD}.env[APP_KEY]`],
    ],
    [
      "an environment that is not there",
      [["Deployment", `${CONTAINER}/envFrom`, [{ secretRef: { name: "other" } }]]],
      [`${FIELD}.envFrom`],
    ],
    [
      "a projected Secret that is not there",
      [
        [
          "Deployment",
          "/spec/template/spec/volumes/0",
          { name: "settings", projected: { sources: [{ secret: { name: "other" } }] } },
        ],
      ],
      ["spec.template.spec.volumes[settings]"],
    ],
    [
      "a claim that is not there",
      [
        [
          "Deployment",
          "/spec/template/spec/volumes/0",
          { name: "settings", persistentVolumeClaim: { claimName: "other" } },
        ],
      ],
      ["spec.template.spec.volumes[settings]"],
    ],
    [
      "a key for a registry that is not there",
      [["Deployment", "/spec/template/spec/imagePullSecrets", [{ name: "registry" }]]],
      ["spec.template.spec.imagePullSecrets"],
    ],
    [
      "nothing in what may be missing",
      [
        ["ConfigMap", ""],
        ["Deployment", "/spec/template/spec/volumes/0/configMap/optional", true],
      ],
      [],
    ],
    [
      "nothing in what users make",
      [
        [
          "Deployment",
          "/spec/template/spec/volumes/0",
          { name: "settings", secret: { secretName: "lb-exporter" } },
        ],
      ],
      [],
    ],
    [
      "nothing in what cert-manager makes",
      [
        [
          "add",
          "",
          {
            apiVersion: "cert-manager.io/v1",
            kind: "Certificate",
            metadata: { name: "app", namespace: "shop" },
            spec: { secretName: "tls" },
          },
        ],
        [
          "Deployment",
          "/spec/template/spec/volumes/0",
          {
            name: "settings",
            secret: { secretName: "tls", items: [{ key: "tls.crt", path: "x" }] },
          },
        ],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkReferences, changes)).toEqual([...fields]),
  );
});

describe("checkVolumes()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkVolumes, [])).toEqual([]));

  test.each<Row>([
    [
      "a mount without its volume",
      [["Deployment", "/spec/template/spec/volumes"]],
      [`${FIELD}.volumeMounts`],
    ],
    [
      "a volume without a mount",
      [["Deployment", `${CONTAINER}/volumeMounts`]],
      ["spec.template.spec.volumes"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkVolumes, changes)).toEqual([...fields]),
  );
});
