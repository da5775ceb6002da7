/** Renovate finds every version that is pinned where none of its own managers looks. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { packageManager } from "../../package.json" with { type: "json" };
import { customManagers } from "../../renovate.json" with { type: "json" };

const ROOT = join(import.meta.dir, "../..");

interface Found {
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

const paths = (await Bun.$`git ls-files`.cwd(ROOT).text()).trim().split("\n");

/** What the managers for these files make of a text, as Renovate's do. */
function dependenciesIn(path: string, text: string): readonly Found[] {
  const mine = customManagers.filter(({ managerFilePatterns }) =>
    managerFilePatterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(path)),
  );
  return mine.flatMap(({ matchStrings, depNameTemplate }) =>
    matchStrings
      .flatMap((pattern) => [...text.matchAll(new RegExp(pattern, "g"))])
      .map(({ groups = {} }) => {
        const { depName, currentValue = "", currentDigest } = groups;
        const value = [currentValue, currentDigest].filter((part) => part !== undefined).join("@");
        return { path, name: depName ?? depNameTemplate ?? "", value };
      }),
  );
}

const found: Found[] = [];
for (const path of paths) {
  found.push(...dependenciesIn(path, await Bun.file(join(ROOT, path)).text()));
}

const DIGEST = /^v?[\d.]+@sha256:[0-9a-f]{64}$/;
const VERSION = /^v?\d+\.\d+\.\d+$/;
const WORKFLOWS = ".github/workflows";

test.each([
  ["kindest/node", `${WORKFLOWS}/e2e.yml`, DIGEST],
  ["docker.io/prom/prometheus", "e2e/cluster/prometheus.yaml", DIGEST],
  ["docker.io/moby/buildkit", "scripts/pipeline/create-builder.sh", DIGEST],
  ["docker.io/docker/buildkit-syft-scanner", "scripts/pipeline/publish.ts", DIGEST],
  ["sigs.k8s.io/kind", `${WORKFLOWS}/e2e.yml`, VERSION],
  ["github.com/aquasecurity/trivy", `${WORKFLOWS}/security-scan.yml`, VERSION],
  ["github.com/rhysd/actionlint", "scripts/pipeline/install-linters.sh", VERSION],
  ["actions/checkout", "scripts/pipeline/workflows.test.ts", /^v[\d.]+@[0-9a-f]{40}$/],
  ["zizmor", "scripts/pipeline/install-linters.sh", VERSION],
  ["bun", "package.json", VERSION],
  ["bun", ".ci/run", VERSION],
  ["bun", `${WORKFLOWS}/release.yml`, VERSION],
  ["bun", ".github/actions/install/action.yml", VERSION],
])("finds %s in %s", (name, path, pattern) => {
  const values = found.filter((one) => one.name === name && one.path === path);
  expect(values).not.toBeEmpty();
  for (const { value } of values) expect(value).toMatch(pattern);
});

test("finds each version of Bun that is named to be fetched", () => {
  const versions = found.filter(({ name }) => name === "bun").map(({ value }) => `bun@${value}`);
  expect([...new Set(versions)]).toEqual([packageManager]);
});

test("finds every program that a workflow or script compiles", async () => {
  for (const path of paths.filter((one) => /^(?:\.github|scripts)\/.+\.(?:yml|sh)$/.test(one))) {
    const text = await Bun.file(join(ROOT, path)).text();
    const modules = [...text.matchAll(/go install "?([\w./-]+)@/g)].map(([, name = ""]) => name);
    const names = found.filter((one) => one.path === path).map(({ name }) => name);
    for (const module of modules) expect(names).toContain(module.replace(/\/cmd\/.*/, ""));
  }
});
