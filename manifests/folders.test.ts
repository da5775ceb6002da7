/** Which folders are found, what they use, and by whom each is rendered. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Folder, findFolders, findPlainFiles, planTargets } from "./folders.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "folders-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const COMPONENT = "kind: Component\n";

describe("findFolders()", () => {
  test("tells components from what is rendered alone, and what each uses", () => {
    write({
      "app/base/kustomization.yaml":
        "resources: [pod.yaml]\nconfigMapGenerator: [{name: a, files: [key=a.json]}]\n",
      "app/base/pod.yaml": "kind: Pod\n",
      "app/base/a.json": "{}\n",
      "app/components/tls/kustomization.yaml": `${COMPONENT}patches: [{path: patch.yaml}, {patch: "a: 1\\nb: 2"}]\n`,
      "app/components/tls/patch.yaml": "kind: Pod\n",
      "app/kustomization.yaml":
        "resources: [base]\ncomponents: [components/tls]\ntransformers: [names]\n",
      "app/names/kustomization.yaml": "resources: []\n",
      "testdata/kustomization.yaml": "resources: [nothing]\n",
    });
    expect(findFolders(root)).toMatchObject([
      {
        path: "app",
        kind: "Kustomization",
        uses: ["app/base", "app/components/tls", "app/names"],
        transformers: ["app/names"],
      },
      {
        path: "app/base",
        kind: "Kustomization",
        uses: ["app/base/pod.yaml", "app/base/a.json"],
        transformers: [],
      },
      {
        path: "app/components/tls",
        kind: "Component",
        uses: ["app/components/tls/patch.yaml"],
        transformers: [],
      },
      { path: "app/names", kind: "Kustomization", uses: [], transformers: [] },
    ]);
  });

  test.each(["kustomization.yml", "Kustomization"])("refuses the name %s", (name) => {
    write({ [`app/${name}`]: "resources: []\n" });
    expect(() => findFolders(root)).toThrow("kustomization.yaml");
  });

  test("refuses a kind that kustomize does not know", () => {
    write({ "kustomization.yaml": "kind: Kustomisation\n" });
    expect(() => findFolders(root)).toThrow("Kustomization or Component");
  });
});

describe("findPlainFiles()", () => {
  test("finds what no kustomization names", () => {
    write({
      "app/base/kustomization.yaml": "resources: [pod.yaml]\n",
      "app/base/pod.yaml": "kind: Pod\n",
      "app/base/forgotten.yaml": "kind: Pod\n",
      "app/examples/pod.yml": "kind: Pod\n",
      "app/testdata/pod.yaml": "kind: Pod\n",
    });
    expect(findPlainFiles(root, findFolders(root))).toEqual([
      "app/base/forgotten.yaml",
      "app/examples/pod.yml",
    ]);
  });
});

describe("planTargets()", () => {
  const folder = (kind: Folder["kind"], path: string, includes: string[]): Folder => ({
    path,
    kind,
    uses: includes,
    includes,
    transformers: [],
  });
  const alone = (path: string, ...includes: string[]) => folder("Kustomization", path, includes);
  const component = (path: string, ...includes: string[]) => folder("Component", path, includes);
  const names = (folders: readonly Folder[]) =>
    planTargets(folders).map(({ resources, components }) =>
      [...resources, ...components].join("+"),
    );

  test.each<[string, Folder[], string[]]>([
    [
      "a base and an overlay",
      [alone("a/base"), alone("a/overlays/x", "a/base")],
      ["a/base", "a/overlays/x"],
    ],
    [
      "a component that one uses",
      [alone("a", "a/components/x"), component("a/components/x")],
      ["a"],
    ],
    [
      "a component that another component uses",
      [
        alone("a", "a/components/x"),
        component("a/components/x", "a/components/y"),
        component("a/components/y"),
      ],
      ["a"],
    ],
    [
      "a component that nobody uses: on the base beside it",
      [alone("a/base"), component("a/components/x")],
      ["a/base", "a/base+a/components/x"],
    ],
    [
      "no transformer: it has no objects",
      [{ ...alone("a", "a/names"), transformers: ["a/names"] }, alone("a/names")],
      ["a"],
    ],
    [
      "components that use only each other: each on that base",
      [alone("a/base"), component("a/components/x", "a/components/y"), component("a/components/y")],
      ["a/base", "a/base+a/components/x", "a/base+a/components/y"],
    ],
  ])("renders %s", (_what, folders, expected) => expect(names(folders)).toEqual(expected));

  test.each([
    ["has no base beside it", [alone("b/base"), component("a/components/x")]],
    ["is not below a folder components", [alone("a/base"), component("a/x")]],
    ["has a component for a base", [component("a/base"), component("a/components/x")]],
  ])("refuses a component that %s: nobody would render it", (_what, folders) => {
    expect(() => planTargets(folders)).toThrow(RangeError);
  });
});
