import { describe, expect, test } from "bun:test";
import {
  budgetMs,
  type DrainEvent,
  type DrainFacts,
  type DrainState,
  RUNNING,
  step,
} from "./drain.ts";

const settings = { budgetMs: 29_000, refusalsUntilGone: 3 };
const served: DrainFacts = { captured: true, known: 1, active: 1, unsatisfied: 0 };
const waiting: DrainFacts = { ...served, unsatisfied: 1 };
const signal: DrainEvent = { kind: "signal" };
const look: DrainEvent = { kind: "look" };
const refused: DrainEvent = { kind: "capture", outcome: "refused" };
const whole: DrainEvent = { kind: "capture", outcome: "whole" };
const failed: DrainEvent = { kind: "capture", outcome: "failed" };

/** Runs events one millisecond apart, the first at 1000 ms. */
function run(
  events: readonly DrainEvent[],
  facts: DrainFacts,
  from: DrainState = RUNNING,
): DrainState {
  return events.reduce(
    (state, event, i) => step(state, { ...event, atMs: 1000 + i, facts }, settings),
    from,
  );
}

describe("step()", () => {
  test.each([
    ["a look changes nothing before the signal", [look], "running"],
    [
      "a refusing application is no end of the pod without a signal",
      [refused, refused, refused],
      "running",
    ],
    ["the signal starts to drain, also when all is delivered already", [signal, look], "draining"],
    ["two refusals are not enough", [signal, refused, refused], "draining"],
    [
      "an answer between refusals starts the count again",
      [signal, refused, refused, whole, refused],
      "draining",
    ],
    [
      "a failure between refusals starts the count again",
      [signal, refused, refused, failed, refused],
      "draining",
    ],
    [
      "a hanging application never becomes final",
      [signal, failed, failed, failed, failed],
      "draining",
    ],
    ["three refusals in a row are final", [signal, refused, refused, refused], "final"],
    ["a second signal changes nothing", [signal, refused, refused, refused, signal], "final"],
  ] as const)("%s", (_name, events, phase) => {
    expect(run(events, waiting).phase).toBe(phase);
  });

  const final = run([signal, refused, refused, refused], waiting);
  test.each([
    ["every active scraper has the page", served, "exit", "delivered"],
    ["one of them lacks it", waiting, "final", undefined],
    ["all scrapers had stopped coming", { ...served, active: 0 }, "exit", "scrapers_gone"],
    ["nobody ever scraped", { ...served, known: 0, active: 0 }, "final", undefined],
    ["nothing was ever captured", { ...waiting, captured: false }, "exit", "nothing_captured"],
  ] as const)("in FINAL, when %s", (_name, facts, phase, outcome) => {
    expect(run([look], facts, final)).toMatchObject({ phase, outcome });
  });

  test.each([
    [waiting, "deadline"],
    [served, "delivered"],
    [{ ...served, known: 0, active: 0 }, "never_scraped"],
  ] as const)("at the deadline, with %p", (facts, outcome) => {
    const draining = run([signal], facts);
    const before = step(draining, { ...look, atMs: 29_999, facts }, settings);
    expect(before.phase).toBe("draining");
    const after = step(before, { ...look, atMs: 30_000, facts }, settings);
    expect(after).toMatchObject({ phase: "exit", outcome });
  });

  test("a later signal does not move the deadline", () => {
    const draining = run([signal, signal], waiting);
    expect(draining.deadlineMs).toBe(30_000);
  });
});

test.each([
  [30, 29_000],
  [3, 2000],
  [1, 1000 * (2 / 3)],
])("budgetMs(%p s) leaves time to exit", (s, ms) => {
  expect(budgetMs(s)).toBeCloseTo(ms);
});
