import { expect, test } from "bun:test";
import { join } from "node:path";

const justfile = await Bun.file(join(import.meta.dir, "../justfile")).text();
/** The recipes with the line that says what they do. */
const recipes = [...justfile.matchAll(/^# (.+)\n(?:\[.*\]\n)*([\w-]+)(?: [^:\n]*)?:(?!=)/gm)];
const [, ci = ""] = /^ci: (.*)$/m.exec(justfile) ?? [];

test("`just ci` runs every recipe that checks", () => {
  expect(ci.split(" ")).toEqual([
    "fmt-check",
    "lint",
    "types",
    "shell",
    "workflows",
    "test",
    "manifests",
    "e2e",
    "image-check",
  ]);
});

test("`just ci` misses no recipe that says first of all that it checks or runs tests", () => {
  const checks = recipes.filter(([, says = ""]) => /^(Check|Lint|Run)\b/.test(says));
  const names = checks.map(([, , name]) => name).filter((name) => name !== "ci");
  expect(names.length).toBeGreaterThan(6);
  expect(names.filter((name = "") => !ci.split(" ").includes(name))).toEqual([]);
});
