/** Objects that are one for the API server. */
import { describe, expect, test } from "bun:test";
import { checkIdentity } from "./identity.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkIdentity()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkIdentity, [])).toEqual([]));

  test.each<Row>([
    [
      "the same name twice",
      [
        [
          "add",
          "",
          { apiVersion: "v1", kind: "Service", metadata: { name: "app", namespace: "shop" } },
        ],
      ],
      ["Service shop/app: metadata.name"],
    ],
    [
      "another version of the same",
      [
        [
          "add",
          "",
          {
            apiVersion: "apps/v1beta1",
            kind: "Deployment",
            metadata: { name: "app", namespace: "shop" },
          },
        ],
      ],
      ["metadata.name"],
    ],
    [
      "nothing in the name of another namespace",
      [
        [
          "add",
          "",
          { apiVersion: "v1", kind: "Service", metadata: { name: "app", namespace: "other" } },
        ],
      ],
      [],
    ],
    [
      "nothing in the kind of another group",
      [
        [
          "add",
          "",
          {
            apiVersion: "serving.knative.dev/v1",
            kind: "Service",
            metadata: { name: "app", namespace: "shop" },
          },
        ],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkIdentity, changes)).toEqual([...fields]),
  );
});
