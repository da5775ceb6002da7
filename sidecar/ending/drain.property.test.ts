/** Whatever happens in whatever order, the guarantees of the pod's end hold. */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { covers, type Dated, type DrainSettings, type DrainState, RUNNING, step } from "./drain.ts";

const settings: DrainSettings = {
  graceMs: 30_000,
  budgetMs: 29_000,
  refusalsUntilGone: 3,
  expectedScrapers: 0,
  unscrapedUntilMs: 40_000,
};

const event = fc.oneof(
  fc.constant({ kind: "look" } as const),
  fc.constant({ kind: "prestop" } as const),
  fc.constant({ kind: "signal" } as const),
  fc
    .constantFrom("whole", "failed", "refused")
    .map((outcome) => ({ kind: "capture", outcome }) as const),
);

const facts = fc
  .record({
    known: fc.nat(3),
    active: fc.nat(3),
    satisfied: fc.nat(3),
    unchanged: fc.nat(3),
    captured: fc.boolean(),
  })
  .map(({ known, active, satisfied, unchanged, captured }) => {
    const present = Math.min(active, known);
    const have = Math.min(satisfied, present);
    return {
      captured,
      known,
      active: present,
      satisfied: have,
      unchanged: Math.min(unchanged, have),
    };
  });

/** A history: events in the order of their times. */
const history = fc
  .array(fc.record({ event, facts, pauseMs: fc.oneof(fc.nat(50), fc.nat(20_000)) }), {
    maxLength: 60,
  })
  .map((steps) => {
    let atMs = 0;
    return steps.map(({ event: what, facts: known, pauseMs }): Dated => {
      atMs += pauseMs;
      return { ...what, atMs, facts: known };
    });
  });

interface Moment {
  readonly event: Dated;
  readonly before: DrainState;
  readonly after: DrainState;
  /** The first signal so far, this event included. */
  readonly signalledAtMs: number | undefined;
}

/** Asserts something of every step of many histories. */
function always(holds: (moment: Moment) => boolean): void {
  fc.assert(
    fc.property(history, (events) => {
      let state = RUNNING;
      let signalledAtMs: number | undefined;
      return events.every((one) => {
        if (one.kind === "signal") signalledAtMs ??= one.atMs;
        const before = state;
        state = step(before, one, settings);
        return holds({ event: one, before, after: state, signalledAtMs });
      });
    }),
    { numRuns: 3000 },
  );
}

test("never past the deadline: at every event after it the end is over", () => {
  always(({ event: { atMs }, after, signalledAtMs }) => {
    if (signalledAtMs === undefined) return true;
    const latest = signalledAtMs + settings.budgetMs;
    return atMs < latest || after.phase === "exit";
  });
});

test("never EXIT before the deadline while an active scraper lacks the page that there is", () => {
  always(({ event: { atMs, facts: known }, before, after }) => {
    if (before.phase === "exit" || after.phase !== "exit") return true;
    const late = atMs >= (after.deadlineMs ?? 0);
    return late || !known.captured || known.satisfied >= known.active;
  });
});

test("never FINAL and never EXIT without a signal", () => {
  always(
    ({ after, signalledAtMs }) =>
      signalledAtMs !== undefined || !["final", "exit"].includes(after.phase),
  );
});

test("never FINAL while the application answered last", () => {
  always(
    ({ before, after }) =>
      after.phase !== "final" || before.phase === "final" || after.refusals >= 3,
  );
});

test("never covered while the pod lives, so that no old page is a 200 in RUNNING", () => {
  always(
    ({ event: { atMs }, after }) => after.phase !== "running" || !covers(after, "refused", atMs),
  );
});

test("never back from FINAL or EXIT, and never back to RUNNING after a signal", () => {
  const order = { running: 0, draining: 1, final: 2, exit: 3 } as const;
  always(({ before, after }) => !before.signalled || order[after.phase] >= order[before.phase]);
});

test("an exit has an outcome, and only an exit has", () => {
  always(({ after }) => (after.phase === "exit") === (after.outcome !== undefined));
});

test("the state is never changed, only replaced", () => {
  fc.assert(
    fc.property(history, (events) => {
      events.reduce(
        (state, one) => step(Object.freeze(state), one, settings),
        Object.freeze(RUNNING),
      );
    }),
    { numRuns: 300 },
  );
  expect(RUNNING.phase).toBe("running");
});
