/** No rule is written and then forgotten. */
import { describe, expect, test } from "bun:test";
import { OWN_RULES, RULES } from "./rules.ts";
import { healthyWith } from "./testing/change.ts";

/** The check gives these two the programs as well. */
const ELSEWHERE = ["programs.ts"];

test("every rule of this folder is in one of the lists", async () => {
  const listed = [...RULES, ...OWN_RULES].map(([, rule]) => rule);
  for (const file of new Bun.Glob("*.ts").scanSync(import.meta.dir)) {
    if (file.endsWith(".test.ts") || ELSEWHERE.includes(file)) continue;
    const module = (await import(`./${file}`)) as Readonly<Record<string, unknown>>;
    const rules = Object.entries(module).filter(([name]) => name.startsWith("check"));
    for (const [name, rule] of rules)
      expect([name, listed.includes(rule as never)]).toEqual([name, true]);
  }
});

describe("objects where all is well keep every rule:", () => {
  test.each([...RULES, ...OWN_RULES])("%s", (_name, rule) => {
    expect(rule(healthyWith(), "app/base")).toEqual([]);
  });
});
