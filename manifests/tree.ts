/** The tree of manifests -> everything in it that can be checked. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Folder,
  findFolders,
  findPlainFiles,
  planTargets,
  renderTarget,
  type Target,
} from "./folders.ts";
import { isObject, parseObjects, Rendered } from "./render.ts";

/** A YAML file that no kustomization names, such as an example. */
export interface PlainFile {
  readonly path: string;
  readonly documents: readonly unknown[];
  /** Those of the documents that are objects of Kubernetes. */
  readonly objects: Rendered;
}

export interface Tree {
  readonly folders: readonly Folder[];
  /** By the path of the kustomization or component. */
  readonly rendered: readonly (readonly [path: string, Rendered])[];
  readonly plain: readonly PlainFile[];
}

/** How many kubectl run at a time: there are dozens of folders, and each takes a core. */
const AT_A_TIME = 2;

export async function readTree(root: string): Promise<Tree> {
  const folders = findFolders(root);
  const plain = findPlainFiles(root, folders).map((path) => {
    const documents = parseObjects(readFileSync(join(root, path), "utf8"));
    return { path, documents, objects: new Rendered(documents.filter(isObject)) };
  });
  return { folders, rendered: await renderAll(root, planTargets(folders)), plain };
}

async function renderAll(root: string, targets: readonly Target[]): Promise<Tree["rendered"]> {
  const rendered: (readonly [string, Rendered])[] = [];
  const waiting = targets.toReversed();
  const work = async () => {
    for (let target = waiting.pop(); target !== undefined; target = waiting.pop()) {
      rendered.push([target.name, await renderTarget(root, target)]);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return rendered.toSorted(([one], [other]) => one.localeCompare(other));
}
