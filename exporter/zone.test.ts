import { describe, expect, test } from "bun:test";
import type { Collection, Outcome } from "./collect.ts";
import { ApiError } from "./ktcloud/errors.ts";
import { type Listing, readLoadBalancers, readServers, type Server } from "./ktcloud/schema.ts";
import { nextZone, UNKNOWN_ZONE, type ZoneState } from "./zone.ts";

const MAX_AGE = 300_000;
const error = new ApiError("down", { failure: "timeout", operation: "list_servers" });
const failed = { kind: "failed", error } as const;
const DOWN: Collection = { list: failed, servers: new Map(), asked: new Set(), dialect: "rest" };

function servers(...ips: string[]): Outcome<Listing<Server>> {
  const items = ips.map((ipaddress) => ({ ipaddress, publicport: 80, state: "UP" }));
  return { kind: "ok", value: { ...readServers(items), claimed: undefined } };
}

function listed(byId: Readonly<Record<string, Outcome<Listing<Server>>>>): Collection {
  const items = Object.keys(byId).map((loadbalancerid) => ({ loadbalancerid, state: "UP" }));
  return {
    list: {
      kind: "ok",
      value: { ...readLoadBalancers(items), claimed: undefined, filtered: 0 },
    },
    asked: new Set(),
    dialect: "rest",
    servers: new Map(Object.entries(byId)),
  };
}

/** Runs collections one after the other: `[second, what came of it]`. */
function run(...steps: readonly [number, Collection][]): ZoneState {
  return steps.reduce((state, [second, collection]) => {
    const timing = { startedAtMs: second * 1000, durationMs: 50 };
    return nextZone(state, collection, { timing, maxAgeMs: MAX_AGE });
  }, UNKNOWN_ZONE);
}

/** Each load balancer as `id success servers`. */
function summary({ known }: ZoneState) {
  return known?.balancers.map(
    ({ balancer, success, servers: read }) =>
      `${balancer.id} ${success} ${read?.items.map(({ ip }) => ip).join(",") ?? "unknown"}`,
  );
}

describe("nextZone() knows", () => {
  test("what is new, where all went well", () => {
    const state = run([60, listed({ a: servers("1", "2"), b: servers() })]);
    expect(summary(state)).toEqual(["a true 1,2", "b true "]);
    expect(state).toMatchObject({ up: true, lastSuccess: { startedAtMs: 60_000, durationMs: 50 } });
  });

  test("nothing, and no count, before the first success", () => {
    const state = run([60, DOWN]);
    expect(state.known).toBeUndefined();
    expect(state).toMatchObject({
      up: false,
      lastSuccess: undefined,
      last: { startedAtMs: 60_000 },
    });
  });

  test("a really empty zone as empty", () => {
    const state = run([0, listed({ a: servers("1") })], [60, listed({})]);
    expect(state.known).toEqual({ balancers: [], listed: 0, filtered: 0 });
    expect(state.up).toBe(true);
  });

  test("a load balancer that has lost its servers as one with none", () => {
    expect(summary(run([0, listed({ a: servers("1") })], [60, listed({ a: servers() })]))).toEqual([
      "a true ",
    ]);
  });

  test("no servers of a load balancer that has failed from the start", () => {
    expect(summary(run([0, listed({ a: failed, b: servers("2") })]))).toEqual([
      "a false unknown",
      "b true 2",
    ]);
  });

  test.each([
    [60, "a false 1"],
    [300, "a false 1"],
    [301, "a false unknown"],
  ])("%d s after its last success, of a failing load balancer: %s", (second, expected) => {
    const state = run([0, listed({ a: servers("1") })], [second, listed({ a: failed })]);
    expect(summary(state)).toEqual([expected]);
    expect(state.up).toBe(true);
  });

  test("the age of servers from when they were read, not from when they were kept", () => {
    const steps = [60, 120, 180, 240, 300, 360].map((second): [number, Collection] => [
      second,
      listed({ a: failed }),
    ]);
    expect(summary(run([0, listed({ a: servers("1") })], ...steps))).toEqual(["a false unknown"]);
  });

  test.each([
    [60, ["a false 1"]],
    [300, ["a false 1"]],
    [301, undefined],
  ])("%d s after the last list: %j", (second, expected) => {
    const state = run([0, listed({ a: servers("1") })], [second, DOWN]);
    expect(summary(state)).toEqual(expected as string[]);
    expect(state).toMatchObject({ up: false, lastSuccess: { startedAtMs: 0 } });
  });

  test("everything again once the cloud is back after an hour", () => {
    const state = run(
      [0, listed({ a: servers("1") })],
      [3600, DOWN],
      [3660, listed({ a: servers("2") })],
    );
    expect(summary(state)).toEqual(["a true 2"]);
    expect(state.lastSuccess?.startedAtMs).toBe(3_660_000);
  });

  test("why a load balancer has failed, and the zone, until they no longer do", () => {
    const problem = "list_servers failed (timeout): down";
    const one = run([0, listed({ a: failed })]);
    expect(one).toMatchObject({ problem: undefined, failures: 0 });
    expect(one.known?.balancers).toMatchObject([{ problem }]);
    const all = run([0, listed({ a: servers() })], [60, DOWN], [120, DOWN]);
    expect(all).toMatchObject({ problem, failures: 2 });
    const back = run([0, DOWN], [60, listed({ a: servers() })]);
    expect(back).toMatchObject({ problem: undefined, failures: 0 });
    expect(back.known?.balancers).toMatchObject([{ problem: undefined }]);
  });

  test("the age of what was read before the clock was set back from then on, and no time to come", () => {
    const before: [number, Collection] = [7200, listed({ a: servers("1") })];
    const steps = [60, 360].map((second): [number, Collection] => [second, listed({ a: failed })]);
    expect(summary(run(before, ...steps))).toEqual(["a false 1"]);
    expect(summary(run(before, ...steps, [361, listed({ a: failed })]))).toEqual([
      "a false unknown",
    ]);
    const down = run(before, [60, DOWN], [360, DOWN]);
    expect(down).toMatchObject({ lastSuccess: { startedAtMs: 60_000 } });
    expect(summary(down)).toEqual(["a false 1"]);
    expect(run(before, [60, DOWN], [361, DOWN]).known).toBeUndefined();
  });

  test("the generation that answered last, though a new worker has not found it out yet", () => {
    const state = run([0, listed({})], [60, { ...DOWN, dialect: undefined }]);
    expect(state.dialect).toBe("rest");
  });

  test("no load balancer that the list no longer holds", () => {
    const state = run(
      [0, listed({ a: servers("1"), b: servers("2") })],
      [60, listed({ b: servers("2") })],
    );
    expect(summary(state)).toEqual(["b true 2"]);
  });
});

test("a state survives JSON, as it must to pass from worker to worker", () => {
  const state = run([0, listed({ a: servers("1"), b: failed })], [60, DOWN]);
  const copy = JSON.parse(JSON.stringify(state)) as ZoneState;
  const next = (from: ZoneState) =>
    summary(
      nextZone(from, DOWN, {
        timing: { startedAtMs: 61_000, durationMs: 1 },
        maxAgeMs: MAX_AGE,
      }),
    );
  expect(next(copy)).toEqual(next(state));
});
