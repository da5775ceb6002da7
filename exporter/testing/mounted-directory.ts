/** A directory that changes as the kubelet changes a mounted Secret or ConfigMap: by one rename, all files at once. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Files = Readonly<Record<string, string>>;

export interface MountedDirectory extends Disposable {
  readonly directory: string;
  /** Swaps all files at once, as the kubelet's AtomicWriter does. The names must be those of the start. */
  swap(files: Files): void;
}

/**
 * Each file is a link to `..data/<name>`, and `..data` one to a directory named after the time, replaced by a
 * rename: https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/volume/util/atomic_writer.go
 */
export function mountDirectory(files: Files): MountedDirectory {
  const directory = mkdtempSync(join(tmpdir(), "mounted-"));
  let versions = 0;
  let current: string | undefined;
  const swap = (now: Files) => {
    versions += 1;
    const next = `..2026_11_25_07_00_00.${versions}`;
    mkdirSync(join(directory, next));
    for (const [name, text] of Object.entries(now))
      writeFileSync(join(directory, next, name), text);
    symlinkSync(next, join(directory, "..data_tmp"));
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    if (current !== undefined) rmSync(join(directory, current), { recursive: true });
    current = next;
  };
  swap(files);
  for (const name of Object.keys(files)) symlinkSync(join("..data", name), join(directory, name));
  return { directory, swap, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}
