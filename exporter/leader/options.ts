/** What an election needs of the outside: the Lease, clocks, chance, and somebody to tell. */
import { sleep } from "../../shared/lifecycle.ts";
import type { Logger } from "../../shared/log.ts";
import type { Leases } from "./leases.ts";
import type { LeaderMetrics } from "./metrics.ts";
import type { LeaderState } from "./state.ts";

export interface ElectionOptions {
  readonly leases: Leases;
  /** Another one for each process, such as the pod's name with something random. */
  readonly identity: string;
  /** How long a held Lease must stand still before it is taken. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** How long a leader leads without a renewal; less than the lease duration. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** From one renewal, or one look while nothing is heard, to the next. Default 2 s. */
  readonly retryPeriodMs?: number;
  /**
   * Called with each new state, at once and before anything else is done. What it returns is waited for where
   * leadership ends: the Lease is released or sought again only when the work of a leader has ended. An error
   * of it ends the election.
   */
  readonly onChange: (state: LeaderState) => void | Promise<void>;
  readonly log: Logger;
  readonly metrics?: LeaderMetrics;
  /** Ends the election. A leader then stops, releases the Lease, and another takes it at once. */
  readonly signal: AbortSignal;
  /** A clock that never goes back and runs on while the process is stopped. Default: performance.now. */
  readonly monotonicNow?: () => number;
  /** For the times that people read in the Lease. Default: Date.now. */
  readonly wallNow?: () => number;
  /** Waits; ends early when the signal aborts. Default: real time. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, for jitter. Default: Math.random. */
  readonly random?: () => number;
}

export type Settings = Required<Omit<ElectionOptions, "metrics">> &
  Pick<ElectionOptions, "metrics">;

/** Fills in the defaults, which are those of Kubernetes' own components. */
export function withDefaults(options: ElectionOptions): Settings {
  return {
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2000,
    monotonicNow: () => performance.now(),
    wallNow: Date.now,
    sleep,
    random: Math.random,
    ...options,
  };
}
