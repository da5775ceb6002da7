/** Values that have no place in a repository. */
import { describe, expect, test } from "bun:test";
import { checkCredentials, checkNoSecret, checkSecretValues } from "./secrets.ts";
import { CONTAINER, fieldsOf, type Row } from "./testing/change.ts";

const SECRET = { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" } };

describe("checkNoSecret()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkNoSecret, [])).toEqual([]));

  test.each<Row>([
    [
      "any Secret, also one of placeholders",
      [["add", "", { ...SECRET, stringData: { key: "REPLACE-ME" } }]],
      ["Secret keys: kind"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkNoSecret, changes)).toEqual([...fields]),
  );
});

describe("checkSecretValues()", () => {
  test("finds nothing where all is well", () =>
    expect(fieldsOf(checkSecretValues, [])).toEqual([]));

  test.each<Row>([
    [
      "a value in clear",
      [["add", "", { ...SECRET, stringData: { key: "abc" } }]],
      ["Secret keys: data.key"],
    ],
    [
      "a value in base64",
      [["add", "", { ...SECRET, data: { key: "YWJj" } }]],
      ["Secret keys: data.key"],
    ],
    [
      "nothing in placeholders",
      [
        [
          "add",
          "",
          { ...SECRET, data: { key: "UkVQTEFDRS1NRQ==" }, stringData: { id: "REPLACE-ME-id" } },
        ],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkSecretValues, changes)).toEqual([...fields]),
  );
});

describe("checkCredentials()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkCredentials, [])).toEqual([]));

  test.each<Row>([
    [
      "a password of a custom resource",
      [["ExternalSecret", "/spec/provider", { password: "abc" }]],
      ["ExternalSecret shop/keys: spec.provider.password"],
    ],
    [
      "a key in a ConfigMap",
      [["ConfigMap", "/data/api-key", "abc"]],
      ["ConfigMap shop/settings: data.api-key"],
    ],
    [
      "a variable with a value",
      [["Deployment", `${CONTAINER}/env/0`, { name: "CLOUD_PASSWORD", value: "abc" }]],
      ["spec.template.spec.containers[0].env[0].value"],
    ],
    [
      "a flag with a value",
      [["Deployment", `${CONTAINER}/args/0`, "--web.token=abc"]],
      ["spec.template.spec.containers[0].args[0]"],
    ],
    [
      "nothing in a placeholder, a template or a reference",
      [
        [
          "ConfigMap",
          "/data",
          {
            password: "REPLACE-ME",
            token: "{{ .token }}",
            secretName: "keys",
            passwordFile: "/run/password",
          },
        ],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkCredentials, changes)).toEqual([...fields]),
  );
});
