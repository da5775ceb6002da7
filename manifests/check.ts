/**
 * What holds for every manifest of the tree: schemas, policy, and programs that take what they are given.
 * `just manifests` runs it; it needs kubectl, so a plain `bun test` does not find it by its name.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findSecrets } from "./policy/credentials.ts";
import { describeFinding, type Finding, nameOf } from "./policy/finding.ts";
import { checkFlags, checkPrograms } from "./policy/programs.ts";
import { OWN_RULES, RULES } from "./policy/rules.ts";
import { findCredentials } from "./policy/secrets.ts";
import { findStarts, probeProgram } from "./probes.ts";
import { readPrograms } from "./programs.ts";
import type { Rendered } from "./render.ts";
import { checkSchemas } from "./schema/schemas.ts";
import { readTree } from "./tree.ts";

setDefaultTimeout(30_000);

const ROOT = import.meta.dir;
const programs = await readPrograms();
const { folders, rendered, plain } = await readTree(ROOT);
/** A file without objects is the configuration of another program. */
const examples = plain.filter(({ objects }) => objects.objects.length > 0);

const all: readonly (readonly [string, Rendered])[] = [
  ...rendered,
  ...examples.map(({ path, objects }) => [path, objects] as const),
];

function lines(findings: readonly Finding[]): readonly string[] {
  return findings.map(describeFinding);
}

test("there is something to check", () => {
  const names = rendered.map(([name]) => name);
  expect(names).toContain("webhook/base");
  expect(names).toContain("exporter/base");
});

test("every object keeps its schema, and has no field that Kubernetes 1.30 does not know", async () => {
  const subjects = all.flatMap(([folder, { objects }]) =>
    objects.map((object) => ({ name: `${folder}: ${nameOf(object)}`, object })),
  );
  expect(await checkSchemas(subjects)).toEqual([]);
});

test.each(plain)(
  "$path holds objects only, or none, and no credential",
  ({ documents, objects }) => {
    expect([0, documents.length]).toContain(objects.objects.length);
    expect(documents.flatMap((document) => findCredentials(document))).toEqual([]);
  },
);

test("a kustomization names every file of objects that is beside it", () => {
  const beside = examples.filter(({ path }) =>
    folders.some((folder) => folder.path === dirname(path)),
  );
  expect(beside.map(({ path }) => path)).toEqual([]);
});

test("a component that no kustomization uses is rendered on the base beside it", async () => {
  const tree = await readTree(join(ROOT, "testdata/component"));
  expect(tree.rendered.map(([path, { objects }]) => [path, objects.map(nameOf)])).toEqual([
    ["base", ["ConfigMap base"]],
    ["components/unused", ["ConfigMap base", "ConfigMap component"]],
  ]);
});

test("no file of the tree holds what looks like a credential", () => {
  const files = [...new Bun.Glob("**/*").scanSync(ROOT)].filter((path) => !path.endsWith(".ts"));
  const found = files.flatMap((path) =>
    findSecrets(readFileSync(join(ROOT, path), "utf8")).map((line) => `${path}: ${line}`),
  );
  expect(found).toEqual([]);
});

describe.each(all)("manifests/%s:", (folder, objects) => {
  test.each(RULES)("%s", (_name, rule) => {
    expect(lines(rule(objects, folder))).toEqual([]);
  });

  test("our programs have the flags and variables that they are given", () => {
    expect(lines(checkFlags(objects, programs))).toEqual([]);
  });
});

describe.each(rendered)("manifests/%s:", (folder, objects) => {
  test.each(OWN_RULES)("%s", (_name, rule) => {
    expect(lines(rule(objects, folder))).toEqual([]);
  });

  test("containers are programs of ours, of this version outside overlays", () => {
    expect(lines(checkPrograms(objects, { programs, folder }))).toEqual([]);
  });
});

describe("every probe gets a 200 from the program, and RBAC allows what it asks of the API server,", () => {
  test.each([...findStarts(rendered)])("in $folder", async (start) => {
    expect(await probeProgram(start)).toEqual([]);
  });
});
