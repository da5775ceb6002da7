/** At no time two replicas lead, whatever clocks, network and processes do; and one does when all is well. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { LeaderState } from "./state.ts";
import { Replica, World } from "./testing/simulation.ts";

const RUNS = 150;

/** The defaults, and the least difference between the two durations: then every moment counts. */
const SETTINGS = {
  "15 s and 10 s": { renewDeadlineMs: 10_000, drift: 0.1, stopMs: 1500 },
  "15 s and 14.5 s": { renewDeadlineMs: 14_500, drift: 0.01, stopMs: 0 },
} as const;

type Trouble = (one: Replica, world: World, forMs: number) => void;

function whileIn(change: (link: Replica["link"]) => void): Trouble {
  return (one, world, forMs) => {
    change(one.link);
    world.after(forMs, () => one.heal());
  };
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  partition: whileIn((link) => {
    link.cut = true;
  }),
  lostAnswers: whileIn((link) => {
    link.loseAnswer = 0.7;
  }),
  lostRequests: whileIn((link) => {
    link.loseRequest = 0.5;
  }),
  refusals: whileIn((link) => {
    link.refuse = 0.7;
  }),
  slowness: whileIn((link) => {
    link.delayMs = 12_000;
  }),
  silence: whileIn((link) => {
    link.silent = true;
  }),
  stop: (one, _world, forMs) => one.stop(forMs),
  kill: (one) => one.kill(),
  end: (one) => one.end(),
  /** As a rollout does it. */
  replace: (one, world) => {
    one.end();
    world.after(
      1,
      () => new Replica(world, { identity: `r${world.replicas.length}`, stopMs: 500 }),
    );
  },
};

/** Who wakes may not act by its clock, but needs this long until its work has ended. */
const WAKING_MS = 1600;

/** Nobody leads beside another, nor works beside another: whoever was stopped is held by its clock alone. */
function watchOver(world: World): void {
  const over = new Set<LeaderState>();
  world.check = () => {
    const { leaders, nowMs, replicas } = world;
    for (const { state, leads, identity } of replicas) {
      if (state?.kind !== "leading") continue;
      if (!leads) over.add(state);
      else if (over.has(state)) throw new Error(`${identity} leads again without a word`);
    }
    const awake = (one: Replica) => !one.dead && nowMs > one.stoppedUntilMs + WAKING_MS;
    const working = replicas.filter((one) => one.working && awake(one));
    if (leaders.length > 1 || working.length > 1) {
      const names = (some: readonly Replica[]) =>
        some.map(({ identity }) => identity).join(" and ");
      throw new Error(`At ${nowMs} ms: ${names(leaders)} lead, ${names(working)} work`);
    }
  };
}

const plansOf = ({ renewDeadlineMs, drift, stopMs }: (typeof SETTINGS)[keyof typeof SETTINGS]) =>
  fc.record({
    seed: fc.integer(),
    replicas: fc.array(
      fc.record({
        renewDeadlineMs: fc.constant(renewDeadlineMs),
        rate: fc.double({ min: 1 - drift, max: 1 + drift, noNaN: true }),
        // Wall clocks are years apart.
        wallMs: fc.integer({ min: 0, max: 2e12 }),
        stopMs: fc.integer({ min: 0, max: stopMs }),
      }),
      { minLength: 2, maxLength: 3 },
    ),
    troubles: fc.array(
      fc.record({
        kind: fc.constantFrom(...Object.keys(TROUBLES)),
        who: fc.nat({ max: 2 }),
        atMs: fc.integer({ min: 0, max: 90_000 }),
        forMs: fc.integer({ min: 100, max: 40_000 }),
      }),
      { maxLength: 12 },
    ),
  });

describe("an election", () => {
  test.each(Object.keys(SETTINGS) as (keyof typeof SETTINGS)[])(
    "of %s has never two leaders, under partitions, lost and late answers, stops and kills",
    async (name) => {
      const property = fc.asyncProperty(
        plansOf(SETTINGS[name]),
        async ({ seed, replicas, troubles }) => {
          await using world = new World(seed);
          watchOver(world);
          for (const [i, one] of replicas.entries()) {
            world.after(i * 10, () => new Replica(world, { identity: `${i}`, ...one }));
          }
          for (const { kind, who, atMs, forMs } of troubles) {
            world.after(atMs, () => {
              const one = world.replicas[who % world.replicas.length];
              if (one) TROUBLES[kind]?.(one, world, forMs);
            });
          }
          await world.pass(100_000);
          // All is well again: whoever is left has a leader among them.
          for (const one of world.replicas) one.heal();
          await world.pass(80_000);
          const left = world.replicas.filter((one) => !one.dead && one.state?.kind !== "stopped");
          expect(world.leaders).toHaveLength(Math.min(left.length, 1));
        },
      );
      await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    },
    60_000,
  );

  test("has no second leader when somebody removes the lease: whoever has seen it held waits", async () => {
    const property = fc.asyncProperty(
      fc.integer(),
      fc.integer({ min: 0, max: 60_000 }),
      async (seed, atMs) => {
        await using world = new World(seed);
        watchOver(world);
        for (const identity of ["a", "b"]) new Replica(world, { identity });
        await world.pass(5000);
        // The leader is cut off and so cannot know.
        const leader = world.leaders[0];
        world.after(atMs, () => {
          if (leader) leader.link.cut = true;
          world.put(undefined);
        });
        await world.pass(atMs + 40_000);
        expect(world.leaders).toHaveLength(1);
      },
    );
    await fc.assert(property, { numRuns: 30 });
  }, 60_000);
});
