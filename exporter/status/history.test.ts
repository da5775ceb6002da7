import { describe, expect, test } from "bun:test";
import { server } from "../testing/status.ts";
import { type History, MAX_POINTS, nextHistory, pointsOf, sumKnown } from "./history.ts";

const ZONE = { account: undefined, zone: "DX-M1" };
const UP = [server({ connections: 2, requestsPerSecond: 1.5 })];

type Named = Readonly<Record<"account" | "zone", string>>;
type Balancers = Readonly<Record<string, readonly ReturnType<typeof server>[] | undefined>>;

function reading(
  atMs: number,
  balancers: Balancers | undefined,
  where: typeof ZONE | Named = ZONE,
) {
  const list = balancers && Object.entries(balancers).map(([id, servers]) => ({ id, servers }));
  return { ...where, atMs, balancers: list };
}

/** Collects one zone once a second. */
function run(...collections: readonly (Balancers | undefined)[]): History {
  return collections.reduce<History>(
    (history, balancers, i) => nextHistory(history, [reading(i * 1000, balancers)]),
    [],
  );
}

/** Each load balancer's points, as the sum of connections or a `-` for a gap. */
function summary(history: History) {
  const points = [...pointsOf(history, ZONE)];
  return points.map(([id, list]) => `${id}: ${list.map((p) => p.connections ?? "-").join(" ")}`);
}

describe("nextHistory()", () => {
  test.each<[string, (Balancers | undefined)[], string[]]>([
    [
      "adds a point to each",
      [
        { a: UP, b: UP },
        { a: UP, b: UP },
      ],
      ["a: 2 2", "b: 2 2"],
    ],
    ["adds a gap where servers were not read", [{ a: UP }, { a: undefined }], ["a: 2 -"]],
    ["begins a new one with a gap, too", [{ a: undefined }, { a: UP }], ["a: - 2"]],
    ["forgets one that vanishes", [{ a: UP, b: UP }, { b: UP }], ["b: 2 2"]],
    ["begins anew with one that comes back", [{ a: UP }, {}, { a: UP }], ["a: 2"]],
    ["adds gaps while the zone is not listed", [{ a: UP }, undefined, undefined], ["a: 2 - -"]],
    ["goes on after that", [{ a: UP }, undefined, { a: UP }], ["a: 2 - 2"]],
    ["knows nothing before the first listing", [undefined, undefined], []],
  ])("%s", (_, collections, expected) => {
    expect(summary(run(...collections))).toEqual(expected);
  });

  test("sums up the servers of a point, and counts them", () => {
    const servers = [
      server({ connections: 2, requestsPerSecond: 1.5 }),
      server({ connections: 3, requestsPerSecond: undefined, state: "DOWN" }),
    ];
    expect(pointsOf(run({ a: servers }), ZONE).get("a")).toEqual([
      { atMs: 0, connections: 5, requestsPerSecond: 1.5, up: 1, servers: 2 },
    ]);
  });

  test("keeps the newest points, and forgets what has nothing but gaps left", () => {
    const full = run(...Array.from({ length: MAX_POINTS + 10 }, () => ({ a: UP })));
    const points = pointsOf(full, ZONE).get("a") ?? [];
    expect([points.length, points[0]?.atMs, points.at(-1)?.atMs]).toEqual([60, 10_000, 69_000]);

    const silent = (count: number) => Array.from({ length: count }, () => undefined);
    expect(summary(run({ a: UP }, ...silent(MAX_POINTS - 1)))).toHaveLength(1);
    expect(summary(run({ a: UP }, ...silent(MAX_POINTS)))).toEqual([]);
  });

  test("tells zones of one name apart by account, and forgets those that are gone", () => {
    const one = { account: "one", zone: "DX-M1" };
    const two = { account: "two", zone: "DX-M1" };
    const both = nextHistory([], [reading(0, { a: UP }, one), reading(0, { a: UP }, two)]);
    const next = nextHistory(both, [reading(1000, { a: UP }, two)]);
    expect(pointsOf(next, two).get("a")).toHaveLength(2);
    expect(pointsOf(next, one).size).toBe(0);
  });

  test("goes on from its own JSON, also without an account", () => {
    const kept: History = JSON.parse(JSON.stringify(run({ a: UP }, { a: undefined })));
    expect(summary(nextHistory(kept, [reading(2000, { a: UP })]))).toEqual(["a: 2 - 2"]);
  });
});

test.each([
  [[], undefined],
  [[undefined], undefined],
  [[undefined, 0], 0],
  [[1, undefined, 2.5], 3.5],
])("sumKnown(%p) is %p", (values, expected) => {
  expect(sumKnown(values)).toBe(expected);
});
