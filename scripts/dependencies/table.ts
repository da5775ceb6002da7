/** package.json, bun.lock and node_modules -> the rows of docs/dependencies.md that every machine finds alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { broughtBy, directoryOf, type Lock, readLock } from "./lock.ts";

/** What the rows say, in this order. */
export const DEPENDENCY_COLUMNS = ["package", "licence", "brings", "licences of what it brings"];

/** One row a package, in the order of package.json. */
export function dependencyRows(names: readonly string[]): readonly (readonly string[])[] {
  const lock = readLock();
  return names.map((name) => {
    const brought = broughtBy(lock, name);
    const licences = new Set(brought.map((key) => licenceOf(key)));
    const others = [...licences].sort().join(", ");
    return [
      `\`${name}\``,
      licenceOf(name),
      brought.length === 0 ? "" : countOf(lock, brought),
      others,
    ];
  });
}

/** A package that is there in two versions counts once. */
function countOf(lock: Lock, keys: readonly string[]): string {
  const names = keys.map((key) => (lock.packages[key]?.[0] ?? "").replace(/@[^@]*$/, ""));
  return String(new Set(names).size);
}

function licenceOf(key: string): string {
  const text = readFileSync(join(directoryOf(key), "package.json"), "utf8");
  const { license } = JSON.parse(text) as { readonly license?: string };
  return license ?? "none";
}
