/** Prints what is compiled into a component, as SPDX 2.3: `bun scripts/pipeline/sbom.ts COMPONENT`. */
import { join } from "node:path";
import { name as project, version } from "../../package.json" with { type: "json" };
import { componentsOf, ENTRIES } from "../build.ts";
import { readLock } from "../dependencies/lock.ts";
import { bundledPackages } from "../licences/bundle.ts";
import { type Package, renderSpdx } from "./spdx.ts";

const ROOT = join(import.meta.dir, "../..");

/** Each of these folders of node_modules as a package, with the hash that bun.lock has for its version. */
async function packagesOf(folders: readonly string[]): Promise<readonly Package[]> {
  const hashes = lockedHashes();
  const packages: Package[] = [];
  for (const folder of folders) {
    const manifest = (await Bun.file(join(ROOT, folder, "package.json")).json()) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    const integrity = hashes.get(`${manifest.name}@${manifest.version}`);
    if (integrity === undefined) throw new RangeError(`${folder} is not what bun.lock names`);
    packages.push({ ...manifest, integrity });
  }
  return packages.sort((a, b) => a.name.localeCompare(b.name));
}

/** Of bun.lock: `name@version` and the hash of its archive. */
function lockedHashes(): ReadonlyMap<string, string> {
  const entries = Object.values(readLock().packages);
  return new Map(entries.map((entry) => [entry[0], String(entry.at(-1))]));
}

const USAGE = `Usage: bun scripts/pipeline/sbom.ts ${Object.keys(ENTRIES).join("|")}`;

async function main([component = "", ...rest]: readonly string[]): Promise<number> {
  if (component === "--help") {
    console.log(USAGE);
    return 0;
  }
  try {
    if (component === "" || rest.length > 0) throw new RangeError(USAGE);
    componentsOf([component]);
    const bundled = await bundledPackages(component);
    const packages = await packagesOf(bundled.map(({ directory }) => directory));
    const { GITHUB_SHA = "unknown", SOURCE_DATE_EPOCH } = process.env;
    const created = SOURCE_DATE_EPOCH ? new Date(Number(SOURCE_DATE_EPOCH) * 1000) : new Date();
    const about = { project, component, version, commit: GITHUB_SHA, created };
    console.log(JSON.stringify(renderSpdx(about, packages), undefined, 2));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
