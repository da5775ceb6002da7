/** The end of a session -> what the log says about it. */
import type { LogFields } from "../shared/log.ts";
import type { Outcome } from "./drain.ts";
import type { Scraper } from "./scrapers.ts";

/** How the pod's end went. */
export interface Ending {
  readonly outcome: Outcome | undefined;
  readonly waitedMs: number;
  /** Every scraper seen. */
  readonly scrapers: readonly Scraper[];
  /** Active scrapers that do not have the newest page. */
  readonly missed: readonly Scraper[];
}

/** One log line's fields; `complete` is false if any scraper may lack what was counted last. */
export function reportFields({ outcome, waitedMs, scrapers, missed }: Ending): LogFields {
  const without = new Set(missed.map(({ id }) => id));
  return {
    outcome: outcome ?? "unknown",
    complete: outcome === "delivered",
    waited_seconds: Math.round(waitedMs) / 1000,
    served: names(scrapers.filter(({ id }) => !without.has(id))),
    missed: names(missed),
  };
}

function names(scrapers: readonly Scraper[]): readonly string[] {
  return scrapers.map(({ id }) => id).sort();
}
