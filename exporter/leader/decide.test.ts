import { describe, expect, test } from "bun:test";
import {
  claimOf,
  decide,
  leaderOf,
  MAX_LEASE_DURATION_MS,
  nextDueMs,
  observe,
  releaseOf,
  type Situation,
  type Verdict,
} from "./decide.ts";
import type { Lease } from "./lease.ts";

const ME = { identity: "me", leaseDurationMs: 15_000 };

function lease(holder: string, version = "1", more: Partial<Lease> = {}): Lease {
  const metadata = { name: "l", resourceVersion: version };
  const times = { durationSeconds: 15, acquiredAtMs: 5, transitions: 3 };
  return { holder, version, metadata, ...times, ...more };
}

const at = (nowMs: number) => ({ ...ME, nowMs });

describe("observe()", () => {
  test.each<[string, Lease | undefined, number]>([
    ["no lease is free at once", undefined, 1000],
    ["a released lease is free at once", lease(""), 1000],
    ["its own is not waited for", lease("me"), 1000],
    ["another's is free when it has stood still", lease("other"), 16_000],
    [
      "another's that was promised longer is waited for longer",
      lease("other", "1", { durationSeconds: 60 }),
      61_000,
    ],
    [
      "another's that was promised less is waited for by our own duration",
      lease("other", "1", { durationSeconds: 1 }),
      16_000,
    ],
    [
      "a promise that no replica can have been given is not believed",
      lease("other", "1", { durationSeconds: 2 ** 31 - 1 }),
      1000 + MAX_LEASE_DURATION_MS,
    ],
  ])("%s", (_name, seen, freeAtMs) => {
    expect(observe(undefined, seen, at(1000))).toMatchObject({ sinceMs: 1000, freeAtMs });
  });

  test("counts from when a version was first seen, however often it is seen again", () => {
    const first = observe(undefined, lease("other"), at(1000));
    expect(observe(first, lease("other"), at(9000))).toBe(first);
    expect(observe(first, lease("other", "2"), at(9000)).freeAtMs).toBe(24_000);
  });

  test("does not compare times inside the lease with its own, nor with each other", () => {
    const seen = lease("other", "1", { acquiredAtMs: Date.UTC(1999, 0) });
    expect(observe(undefined, seen, at(0)).freeAtMs).toBe(15_000);
  });

  test("waits out a leader whose lease somebody removed, since it does not know", () => {
    const before = observe(undefined, lease("other"), at(1000));
    const removed = observe(before, undefined, at(2000));
    expect(removed.freeAtMs).toBe(16_000);
    expect(observe(removed, undefined, at(3000)).freeAtMs).toBe(16_000);
    const released = observe(undefined, lease(""), at(1000));
    expect(observe(released, undefined, at(2000)).freeAtMs).toBe(2000);
  });
});

function situation(seen: Lease | undefined, more: Partial<Situation> = {}): Situation {
  const observed = observe(undefined, seen, at(0));
  const standing = { leadingUntilMs: undefined, dueMs: 2000, trusted: true };
  return { ...at(1000), observed, ...standing, ...more };
}

const read: Verdict = { kind: "read" };
const acquire: Verdict = { kind: "acquire" };
const renew: Verdict = { kind: "renew" };
const wait = (untilMs: number): Verdict => ({ kind: "wait", untilMs });

describe("decide() for one that does not lead", () => {
  test.each<[string, Situation, Verdict]>([
    [
      "reads what it has not seen",
      situation(undefined, { observed: undefined, dueMs: -Infinity }),
      read,
    ],
    ["waits before it tries that again", situation(undefined, { observed: undefined }), wait(2000)],
    ["acquires a lease that is not there", situation(undefined), acquire],
    ["acquires a released one", situation(lease("")), acquire],
    ["takes up its own: an answer was lost", situation(lease("me")), renew],
    ["waits while another leads", situation(lease("other")), wait(2000)],
    ["looks when it has heard nothing", situation(lease("other"), { nowMs: 2000 }), read],
    [
      "waits for the expiry, if that is sooner",
      situation(lease("other"), { dueMs: 20_000 }),
      wait(15_000),
    ],
    ["acquires one that has expired", situation(lease("other"), { nowMs: 15_000 }), acquire],
    [
      "not a moment before",
      situation(lease("other"), { nowMs: 14_999.9, dueMs: 2e4 }),
      wait(15_000),
    ],
    ["acquires nothing by what may be old", situation(lease(""), { trusted: false }), wait(2000)],
    ["but looks", situation(lease(""), { trusted: false, dueMs: 0 }), read],
  ])("%s", (_name, given, verdict) => expect(decide(given)).toEqual(verdict));
});

describe("decide() for a leader", () => {
  const leading = { leadingUntilMs: 10_000 };
  test.each<[string, Situation, Verdict]>([
    ["waits until the renewal is due", situation(lease("me"), leading), wait(2000)],
    ["renews then", situation(lease("me"), { ...leading, nowMs: 2000 }), renew],
    [
      "waits no longer than it leads",
      situation(lease("me"), { ...leading, dueMs: 12_000 }),
      wait(10_000),
    ],
    [
      "has lost at its deadline, whatever else is due",
      situation(lease("me"), { ...leading, nowMs: 10_000 }),
      { kind: "lost", reason: "deadline" },
    ],
    [
      "has lost what another holds",
      situation(lease("other"), leading),
      { kind: "lost", reason: "taken" },
    ],
    [
      "has lost what another has released",
      situation(lease(""), leading),
      { kind: "lost", reason: "taken" },
    ],
    [
      "looks at what may be old",
      situation(lease("other"), { ...leading, trusted: false, dueMs: 0 }),
      read,
    ],
    ["makes a lease anew that was removed", situation(undefined, leading), acquire],
  ])("%s", (_name, given, verdict) => expect(decide(given)).toEqual(verdict));
});

describe("claimOf()", () => {
  const wallMs = 77;
  const claim = { holder: "me", durationSeconds: 15, renewedAtMs: 77 };

  test.each<[string, Lease | undefined, object]>([
    ["a new lease has had no transition", undefined, { acquiredAtMs: 77, transitions: 0 }],
    ["taking over is a transition", lease("other"), { acquiredAtMs: 77, transitions: 4 }],
    ["so is taking a released one", lease(""), { acquiredAtMs: 77, transitions: 4 }],
    ["a renewal keeps its beginning", lease("me"), { acquiredAtMs: 5, transitions: 3 }],
    [
      "a beginning that cannot be read is now",
      lease("me", "1", { acquiredAtMs: undefined }),
      { acquiredAtMs: 77, transitions: 3 },
    ],
    [
      "transitions stay within what the API takes",
      lease("", "1", { transitions: 2 ** 31 - 1 }),
      { acquiredAtMs: 77, transitions: 2 ** 31 - 1 },
    ],
  ])("%s", (_name, before, expected) => {
    expect(claimOf(before, { ...ME, wallMs })).toEqual({ ...claim, ...expected } as never);
  });

  test("writes no duration that is shorter than it is", () => {
    expect(claimOf(undefined, { ...ME, leaseDurationMs: 1001, wallMs }).durationSeconds).toBe(2);
  });
});

test("releaseOf() leaves a lease that is nobody's, its transitions kept", () => {
  expect(releaseOf(lease("me"), 77)).toEqual({
    holder: "",
    durationSeconds: 1,
    acquiredAtMs: 77,
    renewedAtMs: 77,
    transitions: 3,
  });
});

test("leaderOf() is another's identity, or empty", () => {
  expect(leaderOf(undefined, "me")).toBe("");
  expect(leaderOf(observe(undefined, lease("me"), at(0)), "me")).toBe("");
  expect(leaderOf(observe(undefined, lease("other"), at(0)), "me")).toBe("other");
});

test.each([
  [true, 0, 1700],
  [true, 1, 1900],
  [false, 0, 1900],
  [false, 1, 2100],
])(
  "nextDueMs() is within the retry period, a leader's first: leads %p, chance %p",
  (leads, chance, expected) => {
    const random = () => chance;
    expect(nextDueMs(100, leads, { retryPeriodMs: 2000, random })).toBeCloseTo(expected);
  },
);
