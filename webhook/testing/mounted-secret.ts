/** A directory that changes as the kubelet changes a mounted Secret: by one rename, all files at once. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files of a pair. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface MountedSecret extends Disposable {
  readonly directory: string;
  /** Swaps all files at once, as the kubelet's AtomicWriter does. */
  swap(pair: Pair): void;
}

/**
 * `tls.crt` is a link to `..data/tls.crt`, and `..data` one to a directory named after the time,
 * replaced by a rename: https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/volume/util/atomic_writer.go
 */
export function mountSecret(pair: Pair): MountedSecret {
  const directory = mkdtempSync(join(tmpdir(), "secret-"));
  let versions = 0;
  let current: string | undefined;
  const swap = ({ cert, key }: Pair) => {
    versions += 1;
    const next = `..2026_11_25_07_00_00.${versions}`;
    mkdirSync(join(directory, next));
    writeFileSync(join(directory, next, "tls.crt"), cert);
    writeFileSync(join(directory, next, "tls.key"), key);
    symlinkSync(next, join(directory, "..data_tmp"));
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    if (current !== undefined) rmSync(join(directory, current), { recursive: true });
    current = next;
  };
  swap(pair);
  for (const file of ["tls.crt", "tls.key"]) {
    symlinkSync(join("..data", file), join(directory, file));
  }
  return { directory, swap, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}
