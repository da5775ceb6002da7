import { expect, test } from "bun:test";
import { isSafe } from "./contents.ts";

test.each([
  ["-rwxr-xr-x", true],
  ["drwxr-xr-x", true],
  ["lrwxrwxrwx", true],
  ["drwxrwxrwt", true],
  ["-rwsr-xr-x", false],
  ["-rwxr-sr-x", false],
  ["-rwSr--r--", false],
  ["drwxrwxrwx", false],
  ["-rw-rw-rw-", false],
])("isSafe() of %s is %p", (mode, safe) => {
  expect(isSafe({ mode })).toBe(safe);
});
