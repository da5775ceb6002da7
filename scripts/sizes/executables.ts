/** Executables -> the cells of the table that docs/images.md has of them. */
import { rename, stat } from "node:fs/promises";
import { median } from "../../bench/statistics.ts";
import type { Copy } from "../images/copy.ts";

/** What the rows say, in this order. */
export const EXECUTABLE_COLUMNS = [
  "component",
  "amd64, MB",
  "gzipped, MB",
  "arm64, MB",
  "gzipped, MB",
  "exec to first answer, ms",
  "fastest to slowest, ms",
];

/** An executable's size, and that of the layer a registry has of it. */
export interface Sizes {
  readonly path: string;
  readonly bytes: number;
  readonly gzipped: number;
}

/** Compiles a component in that copy, and leaves the executable there. */
export async function sizesOf(copy: Copy, component: string, arch: string): Promise<Sizes> {
  const built = await copy.build(component, arch, "0123456789ab");
  // The next build has the same name.
  const path = `${built}-${arch}`;
  await rename(built, path);
  const { size } = await stat(path);
  const gzipped = Bun.gzipSync(await Bun.file(path).bytes(), { level: 6 }).length;
  return { path, bytes: size, gzipped };
}

/** Those of both architectures. */
export function sizeCells(of: Readonly<Record<string, Sizes>>): readonly string[] {
  return [of.amd64, of.arm64].flatMap((sizes) => {
    return [sizes?.bytes ?? 0, sizes?.gzipped ?? 0].map((bytes) => (bytes / 1e6).toFixed(1));
  });
}

/** Those of how long its starts took. */
export function startCells(milliseconds: readonly number[]): readonly string[] {
  const [fastest, slowest] = [Math.min(...milliseconds), Math.max(...milliseconds)];
  return [median(milliseconds).toFixed(0), `${fastest.toFixed(0)} to ${slowest.toFixed(0)}`];
}
