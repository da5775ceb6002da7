import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { ConfigError } from "../../shared/config.ts";
import { readTargetFile } from "./file.ts";
import type { TargetDefaults } from "./target.ts";

const DEFAULTS: TargetDefaults = {
  apiUrl: "https://cloud",
  dialect: "auto",
  include: [],
  exclude: [],
  timeoutMs: 1000,
  concurrency: 1,
  spacingMs: 0,
};

const FILE = `accounts:
  - name: shop
    id: me@corp
    password: hunter2
    zones: [DX-M1, {zone: DX-G, dialect: rest}]
  - name: b
    password: "hunter2 # x"
    id: me@corp
    timeout: 5s
    zones:
      - DX-Central
`;

/** What means something to YAML. */
const TOKENS = [...":,{}[]?-&*!|>'\"%@`#\\~ \n\t".split(""), ": ", "- ", " #", "\n    ", "!!int "];

const edit = fc.record({
  at: fc.nat(FILE.length),
  remove: fc.nat(3),
  insert: fc.constantFrom("", ...TOKENS),
});

function problems(yaml: string): readonly string[] {
  try {
    const { targets } = readTargetFile("a.yaml", DEFAULTS, (path) => {
      if (path === "a.yaml") return yaml;
      throw Object.assign(new Error(path), { code: "ENOENT" });
    });
    expect(targets.length).toBeGreaterThan(0);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

test("readTargetFile() gives targets or problems with a line, and no secret, for any damaged file", () => {
  expect(problems(FILE)).toEqual([]);
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const yaml = edits.reduce(
        (text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove),
        FILE,
      );
      for (const problem of problems(yaml)) {
        expect(problem).toMatch(/^a\.yaml:\d+:\d+: /);
        expect(problem).not.toMatch(/hunter|unter2|me@c|@corp/);
      }
    }),
    { numRuns: 2000 },
  );
});
