import { describe, expect, test } from "bun:test";
import { balancerUuid } from "./ids.ts";
import { balancerKnobRows, faultRows, knobRows, scopeRows } from "./knob-table.ts";
import { BALANCER_KNOBS, KNOBS } from "./knobs.ts";
import { defaultKnobs, mergeKnobs } from "./settings.ts";

const PAGE = await Bun.file(`${import.meta.dir}/../../../docs/simulator.md`).text();

describe("the tables of the documentation", () => {
  test.each([
    ["knobs", knobRows(), Object.keys(KNOBS.shape)],
    ["knobs of a load balancer", balancerKnobRows(), Object.keys(BALANCER_KNOBS.shape)],
  ])("hold all %s, each with what is allowed and a meaning", (_name, rows, names) => {
    expect(rows.map(([name]) => name)).toEqual(names.map((name) => `\`${name}\``));
    for (const cells of rows) for (const cell of cells) expect(cell).not.toBe("");
  });

  test("hold faults and their limits", () => {
    const [status] = faultRows();
    expect(status?.[1]).toStartWith("`status`: 400 to 599; `body`: `gateway`, ");
    expect(scopeRows()).toContainEqual([
      "`every`",
      "1 to 1000000000",
      "Only each n-th call that fits.",
    ]);
    for (const row of [...faultRows(), ...scopeRows()]) expect(row.at(-1)).not.toBe("");
  });
});

describe("the examples of the documentation", () => {
  const changes = Array.from(PAGE.matchAll(/^curl -X PUT \$K -d '([^']+)'/gm), ([, text]) => text);

  test.each(changes)("%s is accepted", (text) => {
    const change: unknown = JSON.parse(text ?? "");
    const result = mergeKnobs(defaultKnobs({ loadBalancers: 6, servers: 3 }), change);
    expect(result).toMatchObject({ knobs: change as object });
  });

  test("are there, and name a load balancer by the UUID that it has", () => {
    expect(changes.length).toBeGreaterThan(9);
    expect(PAGE).toContain(`loadbalancers/${balancerUuid(1, 38_000)}/servers`);
  });
});
