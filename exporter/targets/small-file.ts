/** A path -> the text of a file, which must be a small one in UTF-8. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** A file that cannot be a configuration or a secret. `code` says why, as those of the file system do. */
export class SmallFileError extends Error {
  override readonly name = "SmallFileError";
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Largest configuration or secret in bytes: some thousand accounts. What is larger costs seconds to parse. */
export const MAX_FILE_BYTES = 262_144;

/**
 * Reads a file of at most `maxBytes`, and never more of it. Throws {@link SmallFileError} for one that is larger
 * or not UTF-8, and for what is no file: a pipe would be waited for, and has nothing to say a second time.
 * Throws as `readFileSync` does, too.
 */
export function readSmallFile(path: string, maxBytes = MAX_FILE_BYTES): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const kind = fstatSync(file);
    // Reading a directory fails by itself, with a code that everybody knows.
    if (!kind.isFile() && !kind.isDirectory()) throw new SmallFileError("not a regular file");
    const bytes = new Uint8Array(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length > maxBytes) throw new SmallFileError(`larger than ${maxBytes} bytes`);
    return decode(bytes.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SmallFileError("not UTF-8");
  }
}

/** Why a file cannot be read, in a word: never its content. */
export function readFailure(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return error instanceof Error ? error.name : "unknown";
}
