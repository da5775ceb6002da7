/** What the sidecar counts, as plain numbers: a scrape must not pay for how they are shown. */
import type { Capture, CaptureOutcome } from "./ending/capture.ts";
import type { Phase } from "./ending/drain.ts";
import type { Fault } from "./upstream.ts";

/** How a request on a metrics path ended. */
export type ScrapeOutcome = "proxied" | "replayed" | "timeout" | "unreachable" | "cut" | "broken";

/** Why the application did not answer whole. */
export type UpstreamFault = "timeout" | Fault | "loop";

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
  /** Seconds between the times at which whole captures of one format were asked for, while the pod is ending. */
  readonly gaps: number[] = [];

  captured({ outcome, gapSeconds }: Capture): void {
    this.captures[outcome]++;
    if (gapSeconds !== undefined && this.gaps.length < MAX_GAPS) this.gaps.push(gapSeconds);
  }
}
