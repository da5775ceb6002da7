/** Where a listener with TLS keeps the Unix socket between its two halves. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SocketPath {
  readonly path: string;
  /** Removes what was made for it. */
  readonly remove: () => void;
}

/** A container with a read-only file system still has the second one, unless it was taken away. */
const parents = () => [tmpdir(), "/dev/shm"];

/** A socket's path has 108 bytes in all (unix(7)), 104 elsewhere. */
const MAX_PARENT_BYTES = 80;

/**
 * A path for a Unix socket. On Linux it needs no file, since the file system may be read-only; but then
 * whatever shares the network namespace can reach it, and would go round a check of client certificates.
 * With `ownerOnly` it is a file in a directory of its owner's. Throws an Error where none can be made.
 */
export function openSocketPath({ ownerOnly }: { readonly ownerOnly: boolean }): SocketPath {
  if (process.platform === "linux" && !ownerOnly) {
    return { path: `\0tls-${randomUUID()}`, remove: () => {} };
  }
  const directory = makeDirectory();
  const remove = () => rmSync(directory, { recursive: true, force: true });
  return { path: join(directory, "socket"), remove };
}

/** Mode 0700: that is what mkdtemp promises. */
function makeDirectory(): string {
  const fitting = parents().filter((parent) => Buffer.byteLength(parent) <= MAX_PARENT_BYTES);
  let cause: unknown;
  for (const parent of fitting) {
    try {
      return mkdtempSync(join(parent, "tls-"));
    } catch (error) {
      cause ??= error;
    }
  }
  throw new Error(
    `No directory for a socket in ${parents().join(" or ")}: mount a volume that can be written there, or name one with TMPDIR`,
    { cause },
  );
}
