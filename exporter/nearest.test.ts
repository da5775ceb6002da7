import { expect, test } from "bun:test";
import { nearestWord } from "./nearest.ts";

const KNOWN = ["id", "name", "password", "password_file", "api_url", "zones"] as const;

test.each([
  ["passwrd", "password"],
  ["Password", "password"],
  ["passwordFile", "password_file"],
  ["api-url", "api_url"],
  ["zone", "zones"],
  ["x", undefined],
  ["ids", undefined],
  ["hunter2", undefined],
  ["z".repeat(100_000), undefined],
] as const)("nearestWord() of %.20s is %p", (word, expected) => {
  expect(nearestWord(word, KNOWN)).toBe(expected);
});
