/** Measures executables, starts and dependencies, and writes the tables in docs/ that say so. `just sizes`. */
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { ENTRIES, OWN_ARCH } from "../build.ts";
import { markdown } from "../docs.ts";
import { createCopy } from "../images/copy.ts";
import { EXECUTABLE_COLUMNS, type Sizes, sizeCells, sizesOf, startCells } from "./executables.ts";
import { SIZE_COLUMNS, sizeRows } from "./packages.ts";
import { measureComponents } from "./starts.ts";

const ROOT = join(import.meta.dir, "../..");
const OTHER = OWN_ARCH === "amd64" ? "arm64" : "amd64";

async function main(): Promise<void> {
  // Before the builds, which are load.
  const load = loadavg()[0]?.toFixed(1) ?? "";
  await using copy = await createCopy();
  const sizes = new Map<string, Readonly<Record<string, Sizes>>>();
  for (const component of Object.keys(ENTRIES)) {
    const other = await sizesOf(copy, component, OTHER);
    const own = await sizesOf(copy, component, OWN_ARCH);
    sizes.set(component, { [OWN_ARCH]: own, [OTHER]: other });
  }
  const paths = [...sizes].map(([component, of]) => [component, of[OWN_ARCH]?.path ?? ""]);
  const starts = await measureComponents(Object.fromEntries(paths) as Record<string, string>);
  const rows = [...sizes].map(([component, of]) => {
    return [component, ...sizeCells(of), ...startCells(starts[component] ?? [])];
  });
  const date = new Date().toISOString().slice(0, 10);
  const [processor] = cpus();
  const where = `${processor?.model ?? ""}, ${cpus().length} processors, load ${load} before; ${date}.`;
  await writeTable("images.md", `${markdown(EXECUTABLE_COLUMNS, rows)}\n\n${where}`);
  await writeTable("dependencies.md", markdown(SIZE_COLUMNS, await sizeRows()));
}

async function writeTable(page: string, table: string): Promise<void> {
  const path = join(ROOT, "docs", page);
  const text = await Bun.file(path).text();
  const block = /(<!-- measured [^>]+-->\n)[^]*?(<!-- end -->)/;
  await Bun.write(
    path,
    text.replace(block, (_old, start, end) => `${start}${table}\n${end}`),
  );
  console.log(table);
}

await main();
