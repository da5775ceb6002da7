/** A component -> the npm packages whose code its executable really holds, as the bundler tells. */
import { join, relative } from "node:path";
import { ENTRIES } from "../build.ts";

const ROOT = join(import.meta.dir, "../..");
/** The last one counts: packages bring packages of their own. */
const IN_PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** One package in an executable. */
export interface Bundled {
  /** Its directory, from the repository's root. */
  readonly directory: string;
  /** What is left of its code after the minifier. */
  readonly bytes: number;
}

/** The packages of a component, by directory. Throws an `AggregateError` if it does not build. */
export async function bundledPackages(component: string): Promise<readonly Bundled[]> {
  const { metafile } = await Bun.build({
    entrypoints: (ENTRIES[component] ?? []).map((entry) => join(ROOT, entry)),
    target: "bun",
    format: "esm",
    minify: true,
    metafile: true,
    root: ROOT,
    define: { BUILD_REVISION: '""' },
  });
  const bytes = new Map<string, number>();
  for (const output of Object.values(metafile?.outputs ?? {})) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const directory = IN_PACKAGE.exec(path)?.[1];
      // What the minifier has dropped altogether is not passed on.
      if (directory === undefined || bytesInOutput === 0) continue;
      bytes.set(directory, (bytes.get(directory) ?? 0) + bytesInOutput);
    }
  }
  const packages = [...bytes].map(([directory, size]) => {
    return { directory: relative(ROOT, join(process.cwd(), directory)), bytes: size };
  });
  return packages.sort((a, b) => (a.directory < b.directory ? -1 : 1));
}
