import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_FILE_BYTES, readFailure, readSmallFile } from "./small-file.ts";

const directory = mkdtempSync(join(tmpdir(), "small-file-"));
afterAll(() => rmSync(directory, { recursive: true }));

function write(content: string | Uint8Array): string {
  const path = join(directory, "file");
  writeFileSync(path, content);
  return path;
}

function failure(path: string): string {
  try {
    readSmallFile(path);
  } catch (error) {
    return readFailure(error);
  }
  return "none";
}

test("readSmallFile() reads a file up to the limit, without a byte order mark", () => {
  expect(readSmallFile(write("\uFEFFa: ü\n"))).toBe("a: ü\n");
  expect(readSmallFile(write(""))).toBe("");
  expect(readSmallFile(write("a".repeat(MAX_FILE_BYTES)))).toHaveLength(MAX_FILE_BYTES);
});

test("readSmallFile() refuses what is larger, also without an end, what is no text, and no file", () => {
  expect(failure(write("a".repeat(MAX_FILE_BYTES + 1)))).toBe("larger than 262144 bytes");
  expect(failure("/dev/zero")).toBe("not a regular file");
  expect(failure(write(new Uint8Array([0xff, 0xfe])))).toBe("not UTF-8");
  expect(failure(join(directory, "none"))).toBe("ENOENT");
  expect(failure(directory)).toBe("EISDIR");
});

test("readFailure() never gives a message", () => {
  expect(readFailure(new TypeError("hunter2"))).toBe("TypeError");
  expect(readFailure("hunter2")).toBe("unknown");
});

test("readSmallFile() refuses a pipe at once, which would be waited for", () => {
  const path = join(directory, "pipe");
  Bun.spawnSync(["mkfifo", path]);
  expect(() => readSmallFile(path)).toThrow("not a regular file");
});
