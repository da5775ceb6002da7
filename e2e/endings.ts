/** The cells of the matrix: how an application ends, in which order a pod is told to, and what is promised then. */

/** Orders that every application counts a second. */
export const PER_SECOND = 500;

/**
 * One capture gap, generously: 20 ms, or ten times what a page takes, which may be 25 ms where some
 * seventy processes share two cores. An application that means to lose nothing stands still that long.
 */
export const GAP_MS = 250;

export const KINDS = ["coffee", "tea", "cake"] as const;

/**
 * How an application ends on SIGTERM: at once; after going on counting and serving for a second and
 * standing still; after standing still alone; by closing its port and counting on; as the second, with
 * pages that take long; by flushing what it counted.
 */
export const ENDINGS = [
  "exit-at-once",
  "drain-and-serve",
  "drain-quietly",
  "close-port-first",
  "slow-pages",
  "flush",
] as const;
export type Ending = (typeof ENDINGS)[number];

/**
 * Who is told when: `together` both get SIGTERM at once; `prestop-first` the sidecar gets it at once,
 * the application after its preStop hook was answered; `native` the hook, then the application, and the
 * sidecar once that is gone.
 */
export const ORDERS = ["together", "prestop-first", "native"] as const;
export type Order = (typeof ORDERS)[number];

/**
 * What may be lost: nothing; what is counted in one capture gap before the port closes; or whatever was
 * counted since the last scrape, so long as the report says so.
 */
export type Promised = "nothing" | "one gap" | "reported";

/** What the sidecar promises for a cell. */
export function promised(ending: Ending, order: Order): Promised {
  if (ending !== "exit-at-once" && ending !== "close-port-first") return "nothing";
  return order === "together" ? "reported" : "one gap";
}
