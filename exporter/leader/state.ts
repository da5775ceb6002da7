/** Where a replica stands in the election -> what the rest of the program has to know of it. */
import type { Readiness } from "../../shared/http.ts";

export type LeaderState =
  /** The Lease has not been read yet; `problem` says why not, where that is known. */
  | { readonly kind: "starting"; readonly problem: string | undefined }
  /** Another one leads, or nobody does (`leader` is empty). */
  | { readonly kind: "standby"; readonly leader: string }
  /**
   * This replica leads for as long as `holds()`. To be asked before each act: a process that was stopped and
   * goes on later may act before it has been told that it lost, but its clock knows.
   */
  | { readonly kind: "leading"; readonly holds: () => boolean }
  /** The election is over for this replica. */
  | { readonly kind: "stopped" };

/** Whether a replica could take over. A leader's own readiness is another matter, and its caller's. */
export function leaderReadiness(state: LeaderState): Readiness {
  if (state.kind === "stopped") return "stopping";
  if (state.kind !== "starting") return true;
  const { problem } = state;
  return problem === undefined ? "has not read the lease yet" : `cannot read the lease: ${problem}`;
}
