/** One situation each, under a clock of its own; that never two lead is the simulation's matter. */
import { describe, expect, test } from "bun:test";
import { Registry } from "prom-client";
import { createLogger } from "../../shared/log.ts";
import { runElection } from "./election.ts";
import type { Leases } from "./leases.ts";
import { createLeaderMetrics } from "./metrics.ts";
import { leaderReadiness } from "./state.ts";
import { Replica, World } from "./testing/simulation.ts";

/** Two replicas, of whom the first leads and the second has seen it. */
async function startPair(world: World): Promise<readonly [Replica, Replica]> {
  const first = new Replica(world, { identity: "first" });
  await world.pass(1000);
  const second = new Replica(world, { identity: "second" });
  await world.pass(4000);
  expect(world.leaders).toEqual([first]);
  expect(second.state).toEqual({ kind: "standby", leader: "first" });
  return [first, second];
}

/** Until when that is so, in milliseconds from now. */
async function until(world: World, what: () => boolean): Promise<number> {
  const startMs = world.nowMs;
  while (!what()) {
    if (world.nowMs - startMs > 60_000) throw new Error("It does not come");
    await world.pass(1);
  }
  return world.nowMs - startMs;
}

const kinds = (one: Replica) => one.states.map(({ kind }) => kind);

describe("the lease is taken", () => {
  test("at once by the first that comes", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one" });
    await world.pass(200);
    expect(kinds(one)).toEqual(["standby", "leading"]);
    expect(world.lease).toMatchObject({ holder: "one", durationSeconds: 15, transitions: 0 });
  });

  test.each([1, 2, 3])(
    "within 100 ms of its release, which comes when the leader has stopped (seed %p)",
    async (seed) => {
      await using world = new World(seed);
      const [first, second] = await startPair(world);
      first.end();
      expect(await until(world, () => second.leads)).toBeLessThanOrEqual(100);
      await first.ended;
      expect(first.state).toEqual({ kind: "stopped" });
      expect(world.lease).toMatchObject({ holder: "second", transitions: 1 });
    },
  );

  test.each([1, 2, 3])(
    "within lease duration and retry period of a leader that vanished (seed %p)",
    async (seed) => {
      await using world = new World(seed);
      const [first, second] = await startPair(world);
      first.kill();
      const ms = await until(world, () => second.leads);
      expect(ms).toBeGreaterThan(12_000);
      expect(ms).toBeLessThanOrEqual(17_000);
    },
  );

  test("within a retry period of its release where the watch is silent", async () => {
    await using world = new World(1);
    const [first, second] = await startPair(world);
    second.link.silent = true;
    first.end();
    expect(await until(world, () => second.leads)).toBeLessThanOrEqual(2000);
  });

  test("by a leader whose answer was lost, without a transition", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one" });
    one.link.loseAnswer = 1;
    // The watch is another connection.
    await world.pass(30_000);
    expect(world.lease?.holder).toBe("one");
    expect(one.leads).toBe(false);
    one.heal();
    await world.pass(5000);
    expect(one.leads).toBe(true);
    expect(world.lease).toMatchObject({ holder: "one", transitions: 0 });
  });
});

describe("a leader", () => {
  test("renews within every retry period, and its watch makes a standby look for nothing", async () => {
    await using world = new World(1);
    await startPair(world);
    const from = world.history.length;
    await world.pass(60_000);
    expect(world.history.length - from).toBeWithin(30, 39);
  });

  test("stops when it could not renew in time, counted from the last renewal's beginning", async () => {
    await using world = new World(1);
    const [first, second] = await startPair(world);
    const renewedMs = world.history.at(-1)?.atMs ?? 0;
    first.link.cut = true;
    await until(world, () => first.state?.kind === "standby");
    expect(world.nowMs - renewedMs).toBeWithin(9900, 10_010);
    expect(first.working).toBe(false);
    expect(second.leads).toBe(false);
    await until(world, () => second.leads);
    expect(world.nowMs - renewedMs).toBeWithin(15_000, 15_101);
    first.heal();
    await world.pass(5000);
    expect(first.state).toEqual({ kind: "standby", leader: "second" });
  });

  test("lasts through failures that are shorter than the deadline", async () => {
    await using world = new World(1);
    const [first] = await startPair(world);
    first.link.refuse = 1;
    await world.pass(6000);
    first.heal();
    await world.pass(20_000);
    expect(kinds(first)).toEqual(["standby", "leading"]);
  });

  test("does not hold while it is stopped, and says so when it goes on, before it asks for anything", async () => {
    await using world = new World(1);
    const [first, second] = await startPair(world);
    const led = first.state;
    first.stop(20_000);
    await until(world, () => second.leads);
    expect(led?.kind === "leading" && led.holds()).toBe(false);
    await world.pass(10_000);
    expect(first.state).toEqual({ kind: "standby", leader: "second" });
    expect(kinds(first)[2]).toBe("standby");
  });

  test.each([1, 2, 3, 4, 5, 6])(
    "does not lead on by an answer that it reads too late, having been stopped (seed %p)",
    async (seed) => {
      await using world = new World(seed);
      const [first] = await startPair(world);
      const renewedMs = world.history.at(-1)?.atMs ?? 0;
      first.link.delayMs = 500;
      // The next renewal is written, and its answer under way.
      const writes = world.history.length;
      await until(world, () => world.history.length > writes);
      first.stop(renewedMs + 10_200 - world.nowMs);
      await world.pass(15_000);
      expect(kinds(first)[2]).toBe("standby");
    },
  );

  test("stops at once when somebody gives the lease to another", async () => {
    await using world = new World(1);
    const [first] = await startPair(world);
    if (world.lease) world.put({ ...world.lease, holder: "x", version: "x" });
    expect(await until(world, () => first.state?.kind === "standby")).toBeLessThanOrEqual(100);
    expect(first.state).toEqual({ kind: "standby", leader: "x" });
  });

  test("makes the lease anew that somebody removed, and leads on", async () => {
    await using world = new World(1);
    const [first] = await startPair(world);
    world.put(undefined);
    expect(await until(world, () => world.lease?.holder === "first")).toBeLessThanOrEqual(100);
    await world.pass(30_000);
    expect(kinds(first)).toEqual(["standby", "leading"]);
  });

  test("renews on when somebody changes the lease's labels", async () => {
    await using world = new World(1);
    const [first] = await startPair(world);
    if (world.lease) world.put({ ...world.lease, version: "touched" });
    await world.pass(30_000);
    expect(kinds(first)).toEqual(["standby", "leading"]);
  });

  test("seeks the lease again only when its work has ended", async () => {
    await using world = new World(1);
    const slow = new Replica(world, { identity: "slow", stopMs: 30_000 });
    await world.pass(1000);
    slow.link.cut = true;
    await until(world, () => slow.state?.kind === "standby");
    slow.heal();
    await world.pass(29_000);
    expect(slow.state?.kind).toBe("standby");
    await world.pass(2000);
    expect(slow.leads).toBe(true);
  });
});

describe("the end", () => {
  test("releases the lease when the work has ended, not before", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one", stopMs: 3000 });
    await world.pass(1000);
    one.end();
    await world.pass(2900);
    expect([world.lease?.holder, one.leads, one.state?.kind]).toEqual(["one", false, "stopped"]);
    await world.pass(200);
    expect(world.lease).toMatchObject({ holder: "", durationSeconds: 1, transitions: 0 });
    await one.ended;
  });

  test("also releases where the last renewal's answer was lost", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one" });
    await world.pass(1000);
    one.link.loseAnswer = 1;
    const { version } = world.lease ?? {};
    await until(world, () => world.lease?.version !== version);
    one.end();
    one.heal();
    await world.pass(1000);
    expect(world.lease?.holder).toBe("");
    await one.ended;
  });

  test("also releases a lease whose labels somebody has changed since", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one" });
    await world.pass(1000);
    if (world.lease) world.put({ ...world.lease, version: "touched" });
    one.end();
    await world.pass(1000);
    expect(world.lease?.holder).toBe("");
  });

  test("leaves another's lease alone", async () => {
    await using world = new World(1);
    const [, second] = await startPair(world);
    second.end();
    await world.pass(1000);
    await second.ended;
    expect(world.leaders.map(({ identity }) => identity)).toEqual(["first"]);
  });

  test("comes in time also where the API server does not answer", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one" });
    await world.pass(1000);
    one.link.cut = true;
    one.end();
    let ended = false;
    void one.ended.then(() => {
      ended = true;
    });
    await world.pass(4100);
    expect(ended).toBe(true);
  });
});

test("runElection() rejects with the caller's own error, and leaves the lease to expire", async () => {
  await using world = new World(1);
  const controller = new AbortController();
  const leases = {
    read: () => Promise.resolve(world.lease),
    create: (claim) => Promise.resolve(world.write(undefined, claim)),
    update: () => Promise.reject(new TypeError("not to be called")),
    watch: () => Promise.resolve(),
  } satisfies Leases;
  const running = runElection({
    leases,
    identity: "one",
    onChange: ({ kind }) => {
      if (kind === "leading") throw new RangeError("no worker");
    },
    log: createLogger({ level: "error", format: "json" }),
    signal: controller.signal,
  });
  expect(running).rejects.toThrow("no worker");
  await running.catch(() => {});
  expect(world.lease?.holder).toBe("one");
});

describe("readiness and metrics", () => {
  test("a replica is not ready until it has read the lease, and says why", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one", link: { refuse: 1, silent: true } });
    await world.pass(100);
    expect(one.state && leaderReadiness(one.state)).toBe(
      "cannot read the lease: get_lease: failed",
    );
    one.heal();
    await world.pass(3000);
    expect(one.state && leaderReadiness(one.state)).toBe(true);
    one.link.cut = true;
    await world.pass(60_000);
    expect(one.state && leaderReadiness(one.state)).toBe(true);
  });

  test("leaderReadiness() has a word for every state", () => {
    expect(leaderReadiness({ kind: "starting", problem: undefined })).toBe(
      "has not read the lease yet",
    );
    expect(leaderReadiness({ kind: "standby", leader: "" })).toBe(true);
    expect(leaderReadiness({ kind: "leading", holds: () => true })).toBe(true);
    expect(leaderReadiness({ kind: "stopped" })).toBe("stopping");
  });

  test("a failure that lasts is logged once and counted always", async () => {
    await using world = new World(1);
    const one = new Replica(world, { identity: "one", link: { refuse: 1, silent: true } });
    await world.pass(60_000);
    expect(one.logged.filter(({ level }) => level === "WARN")).toHaveLength(1);
  });

  test("createLeaderMetrics() tells who leads by the clock, and counts what happens", async () => {
    const registry = new Registry();
    const metrics = createLeaderMetrics(registry);
    const value = async (text: string) =>
      (await registry.metrics())
        .split("\n")
        .find((line) => line.startsWith(text))
        ?.split(" ")
        .at(-1);
    expect(await value("exporter_leader ")).toBe("0");
    expect(await value("exporter_lease_read ")).toBe("0");
    let holds = true;
    metrics.changed({ kind: "standby", leader: "x" });
    metrics.changed({ kind: "leading", holds: () => holds });
    metrics.renewed();
    expect(await value("exporter_leader ")).toBe("1");
    expect(await value("exporter_lease_read ")).toBe("1");
    holds = false;
    expect(await value("exporter_leader ")).toBe("0");
    metrics.changed({ kind: "standby", leader: "" });
    metrics.changed({ kind: "standby", leader: "x" });
    expect(await value('exporter_leader_transitions_total{to="leading"}')).toBe("1");
    expect(await value('exporter_leader_transitions_total{to="standby"}')).toBe("1");
    expect(await value("exporter_lease_renewals_total")).toBe("1");
    expect(await value('exporter_lease_errors_total{operation="update_lease"')).toBe("0");
  });
});
