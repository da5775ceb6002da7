/** The newest snapshot and this replica's place in the election -> what is served, and whether it is ready. */
import type { Readiness } from "../shared/http.ts";
import { type LeaderState, leaderReadiness } from "./leader/state.ts";
import { type Snapshot, type SnapshotStore, snapshotReadiness } from "./snapshot.ts";

export interface StageOptions {
  /** Whether replicas elect one that collects. */
  readonly elects: boolean;
  /** The page before the first collection. */
  readonly initial: () => Snapshot;
  /** The page of a replica that does not lead. */
  readonly standby: Snapshot;
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The role of this replica: `alone` without an election. */
export type Role = "alone" | "leading" | "standby";

/** What is served now. */
export interface Stage extends SnapshotStore {
  /** The page of this moment: never the load balancers of a replica that does not lead. */
  readonly current: Snapshot;
  /** The page of a collection, where that is what is served. */
  readonly collected: Snapshot | undefined;
  readonly role: Role;
  /** Who leads, as far as it is known. */
  readonly leader: string | undefined;
  readonly readiness: Readiness;
  show(snapshot: Snapshot): void;
  /** What the first page tells has changed, such as the port: made anew where nothing was collected yet. */
  renew(): void;
  /** A new state of the election. What was shown under an earlier leadership is forgotten. */
  change(state: LeaderState): void;
}

/** Nothing was collected yet, and nobody was elected. */
export function createStage({ elects, initial, standby, maxAgeMs, now }: StageOptions): Stage {
  let newest = initial();
  let collected = false;
  let state: LeaderState = { kind: "starting", problem: undefined };
  // Asked anew each time: a process that was stopped may serve before it hears that it no longer leads.
  const leads = () => !elects || (state.kind === "leading" && state.holds());
  return {
    get current() {
      return leads() ? newest : standby;
    },
    get collected() {
      return leads() && collected ? newest : undefined;
    },
    get role() {
      if (!elects) return "alone";
      return leads() ? "leading" : "standby";
    },
    get leader() {
      return state.kind === "standby" && state.leader !== "" ? state.leader : undefined;
    },
    get readiness() {
      return leads()
        ? snapshotReadiness(newest, { nowMs: now(), maxAgeMs })
        : leaderReadiness(state);
    },
    show: (snapshot) => {
      newest = snapshot;
      collected = true;
    },
    renew: () => {
      if (!collected) newest = initial();
    },
    change: (next) => {
      if (next.kind === "leading") {
        newest = initial();
        collected = false;
      }
      state = next;
    },
  };
}
