/** Tokens, accounts and rights. */
import { describe, expect, test } from "bun:test";
import { checkAccounts, checkBindings, checkRights, checkTokens } from "./access.ts";
import { fieldsOf, type Row } from "./testing/change.ts";

describe("checkTokens()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkTokens, [])).toEqual([]));

  test.each<Row>([
    [
      "no token where RBAC allows something",
      [["Deployment", "/spec/template/spec/automountServiceAccountToken", false]],
      ["spec.template.spec.automountServiceAccountToken"],
    ],
    [
      "a token where RBAC allows nothing",
      [["RoleBinding", ""]],
      ["spec.template.spec.automountServiceAccountToken"],
    ],
    [
      "a token that nobody asked for",
      [
        ["RoleBinding", ""],
        ["Deployment", "/spec/template/spec/automountServiceAccountToken"],
      ],
      ["spec.template.spec.automountServiceAccountToken"],
    ],
    [
      "rights of an account in another namespace",
      [["RoleBinding", "/subjects/0/namespace", "other"]],
      ["spec.template.spec.automountServiceAccountToken"],
    ],
    [
      "nothing in neither",
      [
        ["RoleBinding", ""],
        ["Deployment", "/spec/template/spec/automountServiceAccountToken", false],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkTokens, changes)).toEqual([...fields]),
  );
});

describe("checkAccounts()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkAccounts, [])).toEqual([]));

  test.each<Row>([
    [
      "a pod's account that is not there",
      [["ServiceAccount", "/metadata/namespace", "other"]],
      ["spec.template.spec.serviceAccountName", "RoleBinding shop/app: subjects"],
    ],
    [
      "a bound account that is not there",
      [["RoleBinding", "/subjects/0/name", "other"]],
      ["RoleBinding shop/app: subjects"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkAccounts, changes)).toEqual([...fields]),
  );
});

describe("checkBindings()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkBindings, [])).toEqual([]));

  test.each<Row>([
    [
      "a Role that is not there",
      [["RoleBinding", "/roleRef/name", "other"]],
      ["RoleBinding shop/app: roleRef", "Role shop/app: metadata.name"],
    ],
    [
      "a Role of another namespace",
      [["Role", "/metadata/namespace", "other"]],
      ["RoleBinding shop/app: roleRef", "Role other/app: metadata.name"],
    ],
    ["a Role that nobody has", [["RoleBinding", ""]], ["Role shop/app: metadata.name"]],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkBindings, changes)).toEqual([...fields]),
  );
});

describe("checkRights()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkRights, [])).toEqual([]));

  test.each<Row>([
    ["any verb", [["Role", "/rules/0/verbs", ["*"]]], ["Role shop/app: rules[0].verbs"]],
    [
      "any resource",
      [["Role", "/rules/0/resources", ["*"]]],
      ["Role shop/app: rules[0].resources"],
    ],
    ["any group", [["Role", "/rules/0/apiGroups", ["*"]]], ["Role shop/app: rules[0].apiGroups"]],
    [
      "any path",
      [["Role", "/rules/0", { nonResourceURLs: ["/metrics/*"], verbs: ["get"] }]],
      ["Role shop/app: rules[0].nonResourceURLs"],
    ],
    [
      "a way to more rights",
      [["Role", "/rules/0/verbs", ["get", "escalate"]]],
      ["Role shop/app: rules[0].verbs"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkRights, changes)).toEqual([...fields]),
  );
});
