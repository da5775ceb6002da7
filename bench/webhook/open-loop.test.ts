import { describe, expect, test } from "bun:test";
import { openLoop } from "./open-loop.ts";

describe("openLoop()", () => {
  test("counts from when a request was due, whatever those before it took", async () => {
    const stalled = Promise.withResolvers<void>();
    const ask = async (number: number) => {
      if (number === 99) stalled.resolve();
      await stalled.promise;
      return Bun.nanoseconds();
    };
    const { latenciesMs, failures } = await openLoop({ perSecond: 1000, count: 100, ask });
    expect(failures).toEqual([]);
    // The first was due 99 ms before the last, and all were answered at once.
    expect(latenciesMs[0]).toBeGreaterThanOrEqual(99);
    expect(latenciesMs[50]).toBeGreaterThanOrEqual(49);
  });

  test("asks none before it is due", async () => {
    const askedNs: number[] = [];
    const ask = async () => {
      const nowNs = Bun.nanoseconds();
      askedNs.push(nowNs);
      return nowNs;
    };
    const startNs = Bun.nanoseconds();
    await openLoop({ perSecond: 500, count: 20, ask });
    expect(askedNs).toHaveLength(20);
    askedNs.forEach((atNs, i) => expect(atNs - startNs).toBeGreaterThanOrEqual(i * 2e6));
  });

  test("goes on after a failure and tells of it", async () => {
    const ask = async (number: number) => {
      if (number === 1) throw new Error("reset");
      return Bun.nanoseconds();
    };
    const { latenciesMs, failures } = await openLoop({ perSecond: 1000, count: 3, ask });
    expect(failures).toEqual(["reset"]);
    expect(latenciesMs).toHaveLength(2);
  });

  test("ends early where it is aborted, with what was asked by then", async () => {
    const ended = new AbortController();
    const ask = async (number: number) => {
      if (number === 4) ended.abort();
      return Bun.nanoseconds();
    };
    const load = { perSecond: 1000, count: 60_000, signal: ended.signal, ask };
    const { latenciesMs } = await openLoop(load);
    expect(latenciesMs.length).toBeGreaterThanOrEqual(5);
    expect(latenciesMs.length).toBeLessThan(60_000);
  });
});
