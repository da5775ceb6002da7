import { describe, expect, test } from "bun:test";
import { createLogger } from "../shared/log.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type Supervisor, type SupervisorLimits, superviseWorker } from "./supervisor.ts";
import type { WorkerStart } from "./worker.ts";

/** Supervises a worker that fails in that way, and tells what became of it. */
function supervise(how: string, limits: Partial<SupervisorLimits> = {}) {
  const seen = {
    why: new Set<string>(),
    pages: [] as number[],
    losses: 0,
    started: 0,
    lines: [] as string[],
  };
  const write = (line: string) => seen.lines.push(line);
  const supervisor: Supervisor = superviseWorker({
    spawn: () => {
      seen.started += 1;
      return new Worker(new URL("./testdata/failing-worker.ts", import.meta.url).href);
    },
    start: {
      settings: { exporter: { description: how }, intervalMs: 10, deadlineMs: 10 },
      jitterMs: 0,
    } as unknown as WorkerStart,
    holds: () => true,
    onSnapshot: ({ builtAtMs }) => seen.pages.push(builtAtMs),
    onLoss: (why) => {
      seen.losses += 1;
      seen.why.add(why);
    },
    limits: { restartDelayMs: 20, silenceMs: 60_000, pageGraceMs: 60_000, ...limits },
    log: createLogger({ level: "info", format: "text", write }),
  });
  return { seen, supervisor, [Symbol.asyncDispose]: () => supervisor.stop() };
}

describe("superviseWorker()", () => {
  test.each(["throw", "exit"])(
    "replaces a worker that ends by %s, once each time, with its predecessor's memory",
    async (how) => {
      await using subject = supervise(how);
      const { seen } = subject;
      await eventually("three pages", () => seen.pages.length >= 3);
      expect(seen.pages.slice(0, 3)).toEqual([0, 1, 2]);
      expect(seen.started - seen.losses).toBeLessThanOrEqual(1);
      expect(seen.lines.join("")).toContain("The worker is lost, another one follows");
    },
  );

  test("starts a worker without memory after one that delivered nothing", async () => {
    await using subject = supervise("at once");
    await eventually("two losses", () => subject.seen.losses >= 2);
    expect(subject.seen.pages).toEqual([]);
  });

  test.each<[string, string, Partial<SupervisorLimits>]>([
    ["says nothing any more", "stay", { silenceMs: 100 }],
    ["spins for ever", "spin", { silenceMs: 100 }],
    ["lives but gives no page", "beat", { pageGraceMs: 100 }],
  ])("replaces a worker that %s, with its memory", async (_name, how, limits) => {
    await using subject = supervise(how, limits);
    const { seen } = subject;
    await eventually("three pages", () => seen.pages.length >= 3);
    expect(seen.pages.slice(0, 3)).toEqual([0, 1, 2]);
    expect([...seen.why]).toEqual(["hung"]);
  });

  test("replaces nothing once it is stopped", async () => {
    const { seen, supervisor } = supervise("stay");
    await eventually("a page", () => seen.pages.length === 1);
    await supervisor.stop();
    // Stopping is seen to be over when a worker started after it has answered.
    await using other = supervise("stay");
    await eventually("a page of the other", () => other.seen.pages.length === 1);
    expect(seen).toMatchObject({ started: 1, losses: 0, lines: [] });
  });
});
