/** Whose rules count, and what they allow. */
import { describe, expect, test } from "bun:test";
import type { Asked } from "../shared/testing/api-server.ts";
import { type Change, healthyWith } from "./policy/testing/change.ts";
import { findRefused, rulesFor } from "./rights.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";

function ask(method: string, path: string): Asked {
  return { method, path, query: new URLSearchParams(), userAgent: null };
}

describe("findRefused()", () => {
  const refused = (changes: readonly Change[], asked: Asked) => {
    const rendered = healthyWith(changes);
    const [workload] = rendered.workloads();
    if (workload === undefined) throw new RangeError("No workload");
    return findRefused([asked], rulesFor(rendered, workload));
  };

  test.each<[string, Change[], Asked]>([
    ["a verb that a rule has", [], ask("GET", `${LEASES}/app`)],
    ["what is no object", [["RoleBinding", ""]], ask("GET", "/version")],
    [
      "what a ClusterRole allows",
      [
        ["Role", "/kind", "ClusterRole"],
        ["RoleBinding", "/roleRef/kind", "ClusterRole"],
      ],
      ask("PUT", `${LEASES}/app`),
    ],
  ])("lets %s through", (_what, changes, asked) => expect(refused(changes, asked)).toEqual([]));

  test.each<[string, Change[], Asked]>([
    ["a verb that no rule has", [], ask("POST", LEASES)],
    ["an object of another name", [], ask("GET", `${LEASES}/other`)],
    ["everything without a binding", [["RoleBinding", ""]], ask("GET", `${LEASES}/app`)],
    [
      "everything with a binding of another account",
      [["RoleBinding", "/subjects/0/namespace", "other"]],
      ask("GET", `${LEASES}/app`),
    ],
    [
      "everything with a Role that is not there",
      [["RoleBinding", "/roleRef/name", "other"]],
      ask("GET", `${LEASES}/app`),
    ],
  ])("refuses %s", (_what, changes, asked) => {
    expect(refused(changes, asked)).toEqual([`${asked.method} ${asked.path}`]);
  });
});
