/** The measured tables of docs/ are complete, and not of other executables than these. */
import { describe, expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { dependencies, devDependencies } from "../../package.json" with { type: "json" };
import { ENTRIES, OWN_ARCH } from "../build.ts";
import { EXECUTABLE_COLUMNS } from "./executables.ts";
import { SIZE_COLUMNS } from "./packages.ts";

const ROOT = join(import.meta.dir, "../..");
const LATE = "otherwise: just sizes";
/** Executables grow a little with every change. */
const TOLERANCE = 0.03;

/** The cells of a page's measured table, its head first. */
async function measured(page: string): Promise<readonly (readonly string[])[]> {
  const text = await Bun.file(join(ROOT, "docs", page)).text();
  const [, block = ""] = /<!-- measured [^>]+-->\n([^]*?)<!-- end -->/.exec(text) ?? [];
  const rows = block.split("\n").filter((line) => line.startsWith("| "));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

describe("docs/dependencies.md", () => {
  test(`has the size of every package of package.json (${LATE})`, async () => {
    const [head, ...rows] = await measured("dependencies.md");
    expect(head).toEqual(SIZE_COLUMNS);
    const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
    expect(rows.map(([name]) => name)).toEqual(names.map((name) => `\`${name}\``));
    for (const [name, installed, ...compiled] of rows) {
      expect(Number(installed), name).toBeGreaterThan(0);
      for (const kilobytes of compiled) expect(kilobytes, name).toMatch(/^\d*$/);
    }
  });
});

describe("docs/images.md", () => {
  test(`has sizes and starts of every component (${LATE})`, async () => {
    const [head, ...rows] = await measured("images.md");
    expect(head).toEqual(EXECUTABLE_COLUMNS);
    expect(rows.map(([component]) => component)).toEqual(Object.keys(ENTRIES));
    for (const [component, ...cells] of rows) {
      const [start, range] = cells.slice(-2);
      for (const size of cells.slice(0, -2)) expect(Number(size), component).toBeGreaterThan(10);
      expect(Number(start), component).toBeGreaterThan(0);
      expect(range).toMatch(/^\d+ to \d+$/);
    }
  });

  test.skipIf(process.platform !== "linux").each(Object.keys(ENTRIES))(
    `has about the size that dist/%s is of (${LATE})`,
    async (component) => {
      const [head = [], ...rows] = await measured("images.md");
      const row = rows.find(([name]) => name === component) ?? [];
      const told = Number(row[head.indexOf(`${OWN_ARCH}, MB`)]) * 1e6;
      const { size } = await stat(join(ROOT, "dist", component));
      expect(Math.abs(size - told) / told).toBeLessThan(TOLERANCE);
    },
  );
});
