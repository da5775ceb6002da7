import { describe, expect, test } from "bun:test";
import { ApiError } from "./errors.ts";
import { createPacer } from "./pacer.ts";

const refused = (retryAfterMs?: number) =>
  new ApiError("slow down", { failure: "ratelimit", operation: "list_servers", retryAfterMs });

/** A clock that sleeping moves, and a pacer on it. */
function setUp(spacingMs = 0) {
  const clock = { nowMs: 0 };
  const slept: number[] = [];
  const pacer = createPacer({
    spacingMs,
    monotonicNow: () => clock.nowMs,
    sleep: async (ms) => {
      slept.push(ms);
      const untilMs = clock.nowMs + ms;
      // Whoever else waits takes its place in the queue first, as with a real clock.
      await Promise.resolve();
      clock.nowMs = Math.max(clock.nowMs, untilMs);
    },
  });
  const cycle = { signal: new AbortController().signal, endsAtMs: 600_000 };
  const turn = async () => {
    await pacer.turn(cycle);
    return clock.nowMs;
  };
  return { clock, pacer, cycle, turn, slept };
}

describe("turn()", () => {
  test("waits for nothing without a spacing", async () => {
    const { turn } = setUp();
    expect(await Promise.all([turn(), turn(), turn()])).toEqual([0, 0, 0]);
  });

  test("keeps calls a spacing apart, also those that come together", async () => {
    const { turn, clock, slept } = setUp(1000);
    await Promise.all([turn(), turn(), turn()]);
    expect(slept).toEqual([1000, 2000]);
    clock.nowMs = 10_000;
    expect(await turn()).toBe(10_000);
  });

  test.each<[string, (number | undefined)[], number]>([
    ["for as long as the cloud asked", [30_000], 30_000],
    ["for a second where it did not say", [undefined], 1000],
    ["for the longest of several", [2000, 30_000, 5000], 30_000],
    ["as after one where several calls were refused together", [undefined, undefined], 1000],
  ])("after a refusal waits %s", async (_name, waits, expected) => {
    const { pacer, turn } = setUp();
    for (const wait of waits) pacer.pause(refused(wait));
    expect(await turn()).toBe(expected);
  });

  test("waits ever longer for a cloud that goes on refusing, until an answer of another kind", async () => {
    const { pacer, turn, clock } = setUp();
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const before = clock.nowMs;
      pacer.pause(refused());
      waits.push((await turn()) - before);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    pacer.resume();
    pacer.pause(refused());
    expect((await turn()) - waits.reduce((sum, wait) => sum + wait)).toBe(1000);
  });

  test("fails at once with the refusal where the pause outlasts the collection, and is over in time", async () => {
    const { pacer, cycle, clock, turn } = setUp();
    const error = refused(700_000);
    pacer.pause(error);
    expect(await pacer.turn(cycle).catch((thrown: unknown) => thrown)).toBe(error);
    expect(clock.nowMs).toBe(0);
    clock.nowMs = 700_000;
    expect(await turn()).toBe(700_000);
  });

  test("takes no more than an hour of pause from the cloud", async () => {
    const { pacer, clock, cycle } = setUp();
    pacer.pause(refused(24 * 3_600_000));
    clock.nowMs = 3_600_000;
    await pacer.turn({ ...cycle, endsAtMs: Number.POSITIVE_INFINITY });
    expect(clock.nowMs).toBe(3_600_000);
  });

  test("waits no longer than the collection lives", async () => {
    const collection = new AbortController();
    const pacer = createPacer({
      spacingMs: 0,
      monotonicNow: () => 0,
      sleep: async () => collection.abort(),
    });
    pacer.pause(refused(1000));
    await pacer.turn({ signal: collection.signal, endsAtMs: 5000 });
    expect(collection.signal.aborted).toBe(true);
  });
});
