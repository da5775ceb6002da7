import { expect, test } from "bun:test";
import type { ZoneName } from "../ktcloud/zones.ts";
import { targetChanges } from "./changes.ts";
import type { Target, TargetSet } from "./target.ts";

function target(account: string | undefined, zone: ZoneName, password = "hunter2"): Target {
  const credentials = { account: "me@corp", password };
  const settings = { dialect: "auto", include: [], exclude: [], concurrency: 1 } as const;
  return { account, zone, credentials, apiUrl: "", timeoutMs: 1, spacingMs: 0, ...settings };
}

function set(...targets: readonly Target[]): TargetSet {
  return { targets, files: [] };
}

test("targetChanges() names what came, went and is otherwise, and shows no secret", () => {
  const before = set(target("a", "DX-G"), target("b", "DX-G"), target("c", "DX-M1"));
  const after = set(target("a", "DX-M1"), target("b", "DX-G", "hunter3"), target("c", "DX-M1"));
  const changes = targetChanges(before, after);
  expect(changes).toEqual({
    targets: 3,
    added: ["a/DX-M1"],
    removed: ["a/DX-G"],
    changed: ["b/DX-G"],
  });
  expect(JSON.stringify(changes)).not.toMatch(/hunter|me@corp/);
});

test("targetChanges() from nothing, and of a target without an account", () => {
  expect(targetChanges(undefined, set(target(undefined, "DX-G")))).toEqual({
    targets: 1,
    added: ["DX-G"],
  });
});
