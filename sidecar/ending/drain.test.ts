import { describe, expect, test } from "bun:test";
import {
  budgetMs,
  covers,
  type DrainEvent,
  type DrainFacts,
  type DrainSettings,
  type DrainState,
  RUNNING,
  step,
} from "./drain.ts";

const settings: DrainSettings = {
  graceMs: 30_000,
  budgetMs: 29_000,
  refusalsUntilGone: 3,
  expectedScrapers: 0,
  unscrapedUntilMs: 20_000,
};
const served: DrainFacts = { captured: true, known: 1, active: 1, satisfied: 1, unchanged: 0 };
const waiting: DrainFacts = { ...served, satisfied: 0 };
const nobody: DrainFacts = { ...served, known: 0, active: 0, satisfied: 0 };
const prestop: DrainEvent = { kind: "prestop" };
const signal: DrainEvent = { kind: "signal" };
const look: DrainEvent = { kind: "look" };
const refused: DrainEvent = { kind: "capture", outcome: "refused" };
const whole: DrainEvent = { kind: "capture", outcome: "whole" };
const failed: DrainEvent = { kind: "capture", outcome: "failed" };
const gone = [refused, refused, refused];

/** Runs events one millisecond apart, the first at 1000 ms. */
function run(
  events: readonly DrainEvent[],
  facts = waiting,
  from: DrainState = RUNNING,
): DrainState {
  return events.reduce(
    (state, event, i) => step(state, { ...event, atMs: 1000 + i, facts }, settings),
    from,
  );
}

describe("step()", () => {
  test.each([
    ["a look changes nothing before the end", [look], "running"],
    ["a refusing application is no end of the pod", gone, "running"],
    ["the signal starts to drain, also when all is delivered already", [signal, look], "draining"],
    ["the hook starts to drain", [prestop], "draining"],
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
    ["three refusals in a row are final", [signal, ...gone], "final"],
    ["without a signal they never are", [prestop, ...gone, refused], "draining"],
    ["the signal after them is", [prestop, ...gone, signal], "final"],
    ["a second signal changes nothing", [signal, ...gone, signal, prestop], "final"],
    [
      "an application that answers again after the hook alone lives on",
      [prestop, refused, whole],
      "running",
    ],
    ["one that never refused is still expected to end", [prestop, whole, whole], "draining"],
    ["one that answers again after the signal still ends", [signal, refused, whole], "draining"],
  ] as const)("%s", (_name, events, phase) => {
    expect(run(events).phase).toBe(phase);
  });

  const final = run([signal, ...gone]);
  test.each([
    ["every active scraper has the page", served, "exit", "delivered"],
    [
      "one has an older page that does not differ",
      { ...served, unchanged: 1 },
      "exit",
      "unchanged",
    ],
    ["one of two lacks it", { ...served, known: 2, active: 2 }, "final", undefined],
    ["all scrapers had stopped coming", { ...waiting, active: 0 }, "exit", "scrapers_gone"],
    ["nobody has scraped yet", nobody, "final", undefined],
    ["nothing was ever captured", { ...waiting, captured: false }, "exit", "nothing_captured"],
  ] as const)("in FINAL, when %s", (_name, facts, phase, outcome) => {
    expect(run([look], facts, final)).toMatchObject({ phase, outcome });
  });

  test("in FINAL waits for a first scrape as long as one may still come", () => {
    const at = (atMs: number) => step(final, { ...look, atMs, facts: nobody }, settings);
    expect(at(19_999).phase).toBe("final");
    expect(at(20_000)).toMatchObject({ phase: "exit", outcome: "never_scraped" });
  });

  test("in FINAL waits for as many scrapers as are expected, however many are told apart", () => {
    const two = { ...settings, expectedScrapers: 2 };
    const once = step(final, { ...look, atMs: 2000, facts: served }, two);
    expect(once.phase).toBe("final");
    const twice = step(final, { ...look, atMs: 2000, facts: { ...served, satisfied: 2 } }, two);
    expect(twice).toMatchObject({ phase: "exit", outcome: "delivered" });
  });

  test.each([
    [waiting, "deadline"],
    [served, "delivered"],
    [{ ...served, captured: false }, "deadline"],
    [nobody, "never_scraped"],
  ] as const)("at the deadline, with %p, ends as %p", (facts, outcome) => {
    const draining = run([signal], facts);
    const at = (atMs: number) => step(draining, { ...look, atMs, facts }, settings);
    expect(at(29_999).phase).toBe("draining");
    expect(at(30_000)).toMatchObject({ phase: "exit", outcome });
  });

  test("counts the deadline from the first sign of the end, and no later sign moves it", () => {
    const early = run([prestop, signal, signal]);
    expect(early.deadlineMs).toBe(30_000);
  });

  test("leaves a native sidecar, told when the grace period is used up, the moment it has left", () => {
    const draining = step(RUNNING, { ...prestop, atMs: 0, facts: waiting }, settings);
    const late = step(draining, { ...signal, atMs: 30_000, facts: waiting }, settings);
    expect(late).toMatchObject({ phase: "draining", deadlineMs: 31_500 });
  });

  test("forgets a hook that no signal followed once the grace period has passed", () => {
    const draining = step(RUNNING, { ...prestop, atMs: 0, facts: waiting }, settings);
    const at = (atMs: number) => step(draining, { ...look, atMs, facts: waiting }, settings).phase;
    expect([at(34_999), at(35_000)]).toEqual(["draining", "running"]);
  });
});

describe("covers()", () => {
  test.each([
    ["never while the pod lives", [refused], 1001, [false, false]],
    ["a failing application once the signal was seen", [signal], 1001, [true, true]],
    ["in FINAL", [signal, ...gone], 1010, [true, true]],
    [
      "after the hook alone one that refuses, from its first refusal",
      [prestop, whole],
      1002,
      [true, false],
    ],
    ["for two seconds", [prestop, refused, refused], 3001, [true, false]],
    ["and no longer", [prestop, refused, refused], 3002, [false, false]],
  ] as const)("%s", (_name, events, atMs, expected) => {
    const state = run(events);
    expect([covers(state, "refused", atMs), covers(state, "failed", atMs)]).toEqual([...expected]);
  });
});

test.each([
  [30_000, 29_000],
  [3000, 2000],
  [1000, 1000 * (2 / 3)],
])("budgetMs(%p) leaves time to exit", (grace, ms) => {
  expect(budgetMs(grace)).toBeCloseTo(ms);
});
