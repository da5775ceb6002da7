/** The tree of manifests -> what is rendered: every kustomization alone, and every component by somebody. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { type Rendered, render } from "./render.ts";

/** A folder with a kustomization.yaml. */
export interface Folder {
  /** Below the root of the tree. */
  readonly path: string;
  readonly kind: "Kustomization" | "Component";
  /** Files that it names anywhere, below the root of the tree. */
  readonly uses: readonly string[];
  /** What is rendered with it: bases, components. */
  readonly includes: readonly string[];
  /** What holds no objects, but what kustomize does with objects. */
  readonly transformers: readonly string[];
}

/** What is rendered together: a folder alone, or a component on the base beside it. */
export interface Target {
  readonly name: string;
  /** Below the root of the tree. */
  readonly resources: readonly string[];
  readonly components: readonly string[];
}

const NAME = "kustomization.yaml";

/** Every folder with a kustomization.yaml, `testdata` left out. */
export function findFolders(root: string): readonly Folder[] {
  const others = [...new Bun.Glob("**/{kustomization.yml,Kustomization}").scanSync(root)];
  if (others.length > 0) throw new TypeError(`${others.join(", ")}: allowed: the name ${NAME}`);
  return [...new Bun.Glob(`**/${NAME}`).scanSync(root)]
    .filter((path) => !path.split("/").includes("testdata"))
    .map((path) => dirname(path))
    .toSorted()
    .map((path) => readFolder(root, path));
}

function readFolder(root: string, path: string): Folder {
  const file = join(root, path, NAME);
  const content: unknown = Bun.YAML.parse(readFileSync(file, "utf8"));
  const { kind = "Kustomization", ...lists } = content as Kustomization;
  if (kind !== "Kustomization" && kind !== "Component") {
    throw new TypeError(`${file}: kind is ${kind}; allowed: Kustomization or Component`);
  }
  const locate = (tree: unknown) =>
    stringsOf(tree)
      .map((text) => text.slice(text.indexOf("=") + 1))
      .filter((text) => /^[^\n]+$/.test(text) && existsSync(join(root, path, text)))
      .map((text) => relative(root, resolve(root, path, text)));
  return {
    path,
    kind,
    uses: locate(content),
    includes: locate([lists.resources, lists.components]),
    transformers: locate([lists.transformers, lists.generators, lists.validators]),
  };
}

interface Kustomization {
  readonly kind?: string;
  readonly resources?: unknown;
  readonly components?: unknown;
  readonly transformers?: unknown;
  readonly generators?: unknown;
  readonly validators?: unknown;
}

/** All texts of a tree, wherever they are: whatever names a file of the folder uses it. */
function stringsOf(tree: unknown): readonly string[] {
  if (typeof tree === "string") return [tree];
  if (typeof tree !== "object" || tree === null) return [];
  return Object.values(tree).flatMap(stringsOf);
}

/**
 * Every kustomization that holds objects, and every component that none of them reaches, on the base beside its folder
 * `components`. Throws a `RangeError` for a component that has no such base: it would be rendered by nobody.
 */
export function planTargets(folders: readonly Folder[]): readonly Target[] {
  const byPath = new Map(folders.map((folder) => [folder.path, folder]));
  const reached = new Set<string>();
  const reach = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    byPath.get(path)?.includes.forEach(reach);
  };
  const transformers = new Set(folders.flatMap((folder) => folder.transformers));
  const alone = folders.filter(
    ({ path, kind }) => kind === "Kustomization" && !transformers.has(path),
  );
  for (const { path } of alone) reach(path);
  const components = folders.filter(({ path, kind }) => kind === "Component" && !reached.has(path));
  return [
    ...alone.map(({ path }) => ({ name: path, resources: [path], components: [] })),
    ...components.map(({ path }) => {
      const base = join(path.slice(0, path.lastIndexOf("components/")), "base");
      if (!path.includes("components/") || byPath.get(base)?.kind !== "Kustomization") {
        throw new RangeError(
          `${path}: no kustomization uses this component, and there is no ${base}`,
        );
      }
      return { name: path, resources: [base], components: [path] };
    }),
  ];
}

/** Renders a target; a component through a kustomization that exists for so long only. */
export async function renderTarget(root: string, target: Target): Promise<Rendered> {
  const { resources, components } = target;
  if (components.length === 0) return await render(join(root, ...resources));
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "kustomization-")));
  try {
    const from = (path: string) => relative(directory, realpathSync(join(root, path)));
    const kustomization = { resources: resources.map(from), components: components.map(from) };
    writeFileSync(join(directory, NAME), JSON.stringify(kustomization));
    return await render(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** YAML files that no kustomization names, below the root of the tree. */
export function findPlainFiles(root: string, folders: readonly Folder[]): readonly string[] {
  const used = new Set(folders.flatMap(({ uses }) => uses));
  const isUsed = (path: string) => used.has(path) || path.endsWith(NAME);
  return [...new Bun.Glob("**/*.{yaml,yml}").scanSync(root)]
    .filter((path) => !path.split("/").includes("testdata") && !isUsed(path))
    .filter((path) => statSync(join(root, path)).isFile())
    .toSorted();
}
