/** The dependencies -> what each takes on disk and in the executables, with all that it brings. */
import { lstat, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { dependencies, devDependencies } from "../../package.json" with { type: "json" };
import { ENTRIES } from "../build.ts";
import { broughtBy, directoryOf, readLock } from "../dependencies/lock.ts";
import { type Bundled, bundledPackages } from "../licences/bundle.ts";

const ROOT = join(import.meta.dir, "../..");

/** What the rows say, in this order; of what two packages bring, each has all of it. */
export const SIZE_COLUMNS = [
  "package",
  "installed, MB",
  ...Object.keys(ENTRIES).map((component) => `in ${component}, KB`),
];

/** One row a dependency, those for development last. */
export async function sizeRows(): Promise<readonly (readonly string[])[]> {
  const bundles = await Promise.all(Object.keys(ENTRIES).map(bundledPackages));
  const lock = readLock();
  const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  return await Promise.all(
    names.map(async (name) => {
      const all = [name, ...broughtBy(lock, name)].map(directoryOf);
      const seen = new Set<number>();
      const directories = [...all, ...platformBuildsOf(name)];
      const installed = await Promise.all(directories.map((one) => bytesIn(one, seen)));
      const compiled = bundles.map((bundle) => kilobytes(compiledOf(bundle, all)));
      return [`\`${name}\``, (sum(installed) / 1e6).toFixed(1), ...compiled];
    }),
  );

  /** The programs themselves, of packages that have one for each platform: the one for this machine. */
  function platformBuildsOf(name: string): readonly string[] {
    const optional = Object.keys(lock.packages[name]?.[2].optionalDependencies ?? {});
    return optional.filter((key) => isForHere(lock.packages[key]?.[2])).map(directoryOf);
  }
}

/** Those for other machines may be installed, too, to compile for them. */
function isForHere(build?: { readonly os?: unknown; readonly cpu?: unknown }): boolean {
  return build !== undefined && fits(build.os, process.platform) && fits(build.cpu, process.arch);
}

function fits(wanted: unknown, own: string): boolean {
  return wanted === undefined || [wanted].flat().includes(own);
}

function compiledOf(bundle: readonly Bundled[], directories: readonly string[]): number {
  const wanted = new Set(directories.map((directory) => relative(ROOT, directory)));
  return sum(bundle.map(({ directory, bytes }) => (wanted.has(directory) ? bytes : 0)));
}

/**
 * Of what is not installed, 0. What lies below, packages of its own, is counted by itself; a file of two
 * names, by its inode, once.
 */
async function bytesIn(directory: string, seen: Set<number>): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    if (entry.name === "node_modules") return 0;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return await bytesIn(path, seen);
    const { ino, size } = await lstat(path);
    if (seen.has(ino)) return 0;
    seen.add(ino);
    return size;
  });
  return sum(await Promise.all(sizes));
}

function kilobytes(bytes: number): string {
  return bytes === 0 ? "" : (bytes / 1e3).toFixed(0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
