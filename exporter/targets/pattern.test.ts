import { describe, expect, test } from "bun:test";
import { compilePattern } from "./pattern.ts";
import { nameFilter } from "./target.ts";

describe("compilePattern() matches whole texts, as Prometheus does,", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["web", ["web"], ["web-1", "a-web", "WEB", "", "web\n"]],
    ["web-.*", ["web-", "web-1\n2"], ["aweb-1"]],
    ["a|b", ["a", "b"], ["ab", "ac"]],
    ["^a$", ["a"], ["aa"]],
    ["(?i)web", ["WEB", "web"], ["webs"]],
    ["(?is)w.b", ["W\nB"], ["wb"]],
    [String.raw`web\-a\_\@`, ["web-a_@"], ["weba"]],
    [String.raw`[\-\_]+`, ["-_"], ["\\"]],
    [String.raw`a\\-b`, ["a\\-b"], ["a-b"]],
    [String.raw`a\.b`, ["a.b"], ["axb"]],
    [String.raw`api-\d{1,3}`, ["api-1", "api-123"], ["api-", "api-1234"]],
    [String.raw`\p{L}.`, ["부🙂"], ["1🙂"]],
  ])("%s", (pattern, matches, others) => {
    const compiled = compilePattern(pattern);
    expect(matches.filter((text) => !compiled?.test(text))).toEqual([]);
    expect(others.filter((text) => compiled?.test(text))).toEqual([]);
  });
});

describe("compilePattern() refuses", () => {
  test.each([
    ["", "the empty expression"],
    ["[", "a class without an end"],
    ["a)|(b", "what is one only within parentheses"],
    ["*", "a repetition of nothing"],
    [String.raw`\Qa\E`, "a quotation, which JavaScript lacks"],
    [String.raw`a\z`, "an anchor that JavaScript would take as a letter"],
    [String.raw`\pL`, "a class without braces"],
    ["[[:alpha:]]", "a POSIX class, which JavaScript would take as a set of letters"],
    ["a(?i)b", "flags in the middle"],
    ["a".repeat(1001), "one that is too long"],
  ])("%s: %s", (pattern) => {
    expect(compilePattern(pattern)).toBeUndefined();
  });
});

describe("nameFilter()", () => {
  test.each<[string, string[], string[], string[]]>([
    ["takes all where nothing is said", [], [], ["web-1", "web-test", "api"]],
    ["takes what any include matches", ["web-.*", "api"], [], ["web-1", "web-test", "api"]],
    ["leaves out what any exclude matches", [], ["web-.*"], ["api"]],
    ["excludes also what is included", ["web-.*"], [".*-test"], ["web-1"]],
    ["matches whole names", ["web"], [], []],
  ])("%s", (_name, include, exclude, expected) => {
    const names = ["web-1", "web-test", "api"];
    expect(names.filter(nameFilter({ include, exclude }))).toEqual(expected);
  });

  test("throws for an expression that nobody checked", () => {
    expect(() => nameFilter({ include: ["["], exclude: [] })).toThrow(RangeError);
  });
});
