/**
 * What was seen of the Lease, and since when by this process's own clock -> what to do next.
 *
 * Why two replicas never lead at once, as long as their clocks advance at about the same rate:
 * - A leader leads until `start + renewDeadline`, where `start` is when it *sent* its last write that is known
 *   to have succeeded. The API server carried that write out later than it was sent.
 * - Another one takes a held Lease only after it has seen the very same version of it for `leaseDuration`, and it
 *   cannot have seen a version before that was written.
 * - Its write names that version, and the API server refuses it if there is a newer one. So the version it
 *   replaces holds the leader's last write, and `leaseDuration` has passed since, more than `renewDeadline`.
 * The times inside the Lease are for people: none is ever compared, so wall clocks may be wrong by any amount.
 * Rates may differ by the ratio of the two durations: at 15 s and 10 s one clock may run half as fast again.
 * A write whose answer is lost changes nothing: who sent it counts from an earlier one, or does not lead.
 */
import type { Claim, Lease } from "./lease.ts";

/** No replica can have been configured with a longer one, so a Lease that says more is not waited for. */
export const MAX_LEASE_DURATION_MS = 3_600_000;

/** Who decides. */
export interface Candidate {
  readonly identity: string;
  readonly leaseDurationMs: number;
}

/** What is known of the Lease. Times are those of the local monotonic clock, in milliseconds. */
export interface Observed {
  /** `undefined` where there is none. */
  readonly lease: Lease | undefined;
  /** When this process first saw this version. */
  readonly sinceMs: number;
  /** When the Lease may be taken if it stays as it is. */
  readonly freeAtMs: number;
}

/** Takes note of the Lease as it was just seen. Seeing the same version again changes nothing. */
export function observe(
  before: Observed | undefined,
  lease: Lease | undefined,
  { identity, leaseDurationMs, nowMs }: Candidate & { readonly nowMs: number },
): Observed {
  // By version rather than by content, as client-go has it: no renewal can then be mistaken for none.
  if (before !== undefined && before.lease?.version === lease?.version) return before;
  const isForeign = (one: Lease | undefined) => one && one.holder !== "" && one.holder !== identity;
  if (isForeign(lease)) {
    // A holder that was started with a longer duration has been promised that one.
    const promisedMs = Math.min((lease?.durationSeconds ?? 0) * 1000, MAX_LEASE_DURATION_MS);
    return { lease, sinceMs: nowMs, freeAtMs: nowMs + Math.max(leaseDurationMs, promisedMs) };
  }
  // Somebody removed it while another led, which cannot know that yet.
  const removed = lease === undefined && before !== undefined && isForeign(before.lease);
  return { lease, sinceMs: nowMs, freeAtMs: removed ? before.freeAtMs : nowMs };
}

/** Who leads as far as is known, where it is another; else empty. */
export function leaderOf(observed: Observed | undefined, identity: string): string {
  const holder = observed?.lease?.holder ?? "";
  return holder === identity ? "" : holder;
}

/** Where a candidate stands. */
export interface Situation extends Candidate {
  readonly nowMs: number;
  readonly observed: Observed | undefined;
  /** False where what was observed is known to be out of date, or may be. */
  readonly trusted: boolean;
  /** Until when this process leads; `undefined` where it does not. */
  readonly leadingUntilMs: number | undefined;
  /** When the next renewal (of a leader) or look (of a standby) is due. */
  readonly dueMs: number;
}

export type Verdict =
  /** Look at the Lease. */
  | { readonly kind: "read" }
  /** Write it, as its new holder. */
  | { readonly kind: "acquire" }
  /** Write it, as the holder that it names already. */
  | { readonly kind: "renew" }
  | { readonly kind: "wait"; readonly untilMs: number }
  /** Stop leading before anything else. */
  | { readonly kind: "lost"; readonly reason: "deadline" | "taken" };

/**
 * | leads | Lease                     | verdict |
 * |-------|---------------------------|---------|
 * | yes   | not renewed in time       | lost    |
 * | yes   | held by another           | lost    |
 * | yes   | removed                   | acquire |
 * | yes   | its own                   | renew when due |
 * | no    | its own, from a write whose answer was lost | renew |
 * | no    | free, released, expired   | acquire |
 * | no    | held by another           | read when due |
 */
export function decide(situation: Situation): Verdict {
  const { nowMs, observed, trusted, leadingUntilMs = Infinity, dueMs, identity } = situation;
  if (nowMs >= leadingUntilMs) return { kind: "lost", reason: "deadline" };
  const leads = leadingUntilMs !== Infinity;
  const whenDue = (verdict: Verdict, endMs: number): Verdict =>
    nowMs >= dueMs ? verdict : { kind: "wait", untilMs: Math.min(dueMs, endMs) };
  if (observed === undefined || !trusted) return whenDue({ kind: "read" }, leadingUntilMs);
  const { lease, freeAtMs } = observed;
  if (lease?.holder === identity) {
    return leads ? whenDue({ kind: "renew" }, leadingUntilMs) : { kind: "renew" };
  }
  if (leads && lease !== undefined) return { kind: "lost", reason: "taken" };
  if (nowMs >= freeAtMs) return { kind: "acquire" };
  return whenDue({ kind: "read" }, freeAtMs);
}

/** What a candidate writes, as client-go does: a new holder is a transition, a renewal keeps its beginning. */
export function claimOf(
  lease: Lease | undefined,
  { identity, leaseDurationMs, wallMs }: Candidate & { readonly wallMs: number },
): Claim {
  const renewing = lease?.holder === identity;
  const transitions = lease === undefined ? 0 : lease.transitions + (renewing ? 0 : 1);
  return {
    holder: identity,
    durationSeconds: Math.ceil(leaseDurationMs / 1000),
    acquiredAtMs: (renewing ? lease.acquiredAtMs : undefined) ?? wallMs,
    renewedAtMs: wallMs,
    // An int32, and one that somebody has set so high must not end the taking of turns.
    transitions: Math.min(transitions, 2 ** 31 - 1),
  };
}

/** What a leader leaves behind that ends in peace: nobody's, and as short as the API allows. */
export function releaseOf(lease: Lease, wallMs: number): Claim {
  const { transitions } = lease;
  return {
    holder: "",
    durationSeconds: 1,
    acquiredAtMs: wallMs,
    renewedAtMs: wallMs,
    transitions,
  };
}

/**
 * When a renewal, or a look of a standby, is due that follows one begun then. A standby is a little slower: while
 * its watch tells it of every renewal, it need not look.
 */
export function nextDueMs(
  startMs: number,
  leads: boolean,
  { retryPeriodMs, random }: { readonly retryPeriodMs: number; readonly random: () => number },
): number {
  return startMs + retryPeriodMs * ((leads ? 0.8 : 0.9) + random() / 10);
}
