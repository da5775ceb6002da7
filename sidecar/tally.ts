/** What the sidecar counts, as plain numbers: a scrape must not pay for how they are shown. */
import type { CaptureOutcome } from "./capture.ts";
import type { Phase } from "./drain.ts";

/** How a request on a metrics path ended. */
export type ScrapeOutcome = "proxied" | "replayed" | "timeout" | "unreachable" | "cut" | "broken";

/** Why the application did not answer whole. */
export type UpstreamFault = "timeout" | "refused" | "unreachable" | "broken" | "loop";

/** More gaps than the longest end of a pod has. */
const MAX_GAPS = 20_000;

/** The sidecar's counts since its start. */
export class Tally {
  phase: Phase = "running";
  bytes = 0;
  readonly scrapes: Record<ScrapeOutcome, number> = {
    proxied: 0,
    replayed: 0,
    timeout: 0,
    unreachable: 0,
    cut: 0,
    broken: 0,
  };
  readonly captures: Record<CaptureOutcome, number> = {
    whole: 0,
    failed: 0,
    refused: 0,
    too_large: 0,
  };
  readonly faults: Record<UpstreamFault, number> = {
    timeout: 0,
    refused: 0,
    unreachable: 0,
    broken: 0,
    loop: 0,
  };
  /** Seconds from the start of one round of captures to the start of the next, while the pod is ending. */
  readonly gaps: number[] = [];
  #lastCaptureMs: number | undefined;

  /** A round of captures that began at that time; gaps count only while the pod is ending. */
  captured(outcome: CaptureOutcome, startedMs: number): void {
    this.captures[outcome]++;
    if (this.phase === "running") {
      this.#lastCaptureMs = undefined;
      return;
    }
    const gapMs = startedMs - (this.#lastCaptureMs ?? Number.NaN);
    if (gapMs >= 0 && this.gaps.length < MAX_GAPS) this.gaps.push(gapMs / 1000);
    this.#lastCaptureMs = startedMs;
  }
}
