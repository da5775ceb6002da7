/** bun.lock -> which package brings which. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalPeers?: readonly string[];
  readonly os?: unknown;
  readonly cpu?: unknown;
}

/** The part of bun.lock that is read here. Its keys are paths: `a/b` is the `b` that only `a` sees. */
export interface Lock {
  readonly packages: Readonly<Record<string, readonly [string, string, Manifest, ...unknown[]]>>;
}

/** The lock of this repository. */
export function readLock(): Lock {
  return Bun.JSONC.parse(readFileSync(join(ROOT, "bun.lock"), "utf8")) as Lock;
}

/**
 * The keys of all packages that this one brings, without itself: dependencies, installed peers and
 * optional ones. Builds of the same program for other platforms are left out, as they are when it
 * is installed; so is the one for this platform, which is the program itself.
 */
export function broughtBy(lock: Lock, name: string): readonly string[] {
  const found = new Set<string>([name]);
  // A set gives what is added to it meanwhile, too.
  for (const key of found) {
    for (const next of namesIn(lock, key)) {
      const resolved = resolve(lock, next, key);
      if (resolved !== undefined && !isForOnePlatform(lock, resolved)) found.add(resolved);
    }
  }
  found.delete(name);
  return [...found].sort();
}

/** Where the package of a key is installed. */
export function directoryOf(key: string): string {
  const names = key.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];
  return join(ROOT, ...names.map((name) => `node_modules/${name}`));
}

/** Names that are not in the lock belong to nothing that is installed. */
function namesIn(lock: Lock, key: string): readonly string[] {
  const manifest = lock.packages[key]?.[2] ?? {};
  const peers = Object.keys(manifest.peerDependencies ?? {});
  return [
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
    ...peers.filter((peer) => !manifest.optionalPeers?.includes(peer)),
  ];
}

/** The nearest one counts: first the key's own, then those of each package above it. */
function resolve(lock: Lock, name: string, from: string): string | undefined {
  for (let above = from; above !== ""; above = parentOf(above)) {
    if (Object.hasOwn(lock.packages, `${above}/${name}`)) return `${above}/${name}`;
  }
  return Object.hasOwn(lock.packages, name) ? name : undefined;
}

function parentOf(key: string): string {
  return key.replace(/\/?(?:@[^/]+\/)?[^/]+$/, "");
}

function isForOnePlatform(lock: Lock, key: string): boolean {
  const { os, cpu } = lock.packages[key]?.[2] ?? {};
  return os !== undefined || cpu !== undefined;
}
