/** A page's text -> the bytes that are served, plain and gzipped, and whether they are fresh enough. */
import type { Readiness } from "../shared/http.ts";
import { formatDuration } from "../shared/values.ts";

/** One page, all from one collection. The arrays are handed over from the worker, not copied. */
export interface Snapshot {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  /** Start of the last collection that listed the load balancers, in ms since the epoch. */
  readonly lastSuccessAtMs: number | undefined;
  /** Why the last collection could not list them, if it could not. */
  readonly problem: string | undefined;
}

/** Encodes a page once for all scrapes to come. */
export function encodePage(text: string): Pick<Snapshot, "plain" | "gzip"> {
  const plain = new TextEncoder().encode(text);
  return { plain, gzip: Bun.gzipSync(plain) };
}

/** The newest snapshot: one reference, replaced whole. */
export interface SnapshotStore {
  current: Snapshot;
}

/** Ready once the load balancers have been listed, and while that is not longer ago than `maxAgeMs`. */
export function snapshotReadiness(
  { lastSuccessAtMs, problem }: Snapshot,
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): Readiness {
  const why = problem === undefined ? "" : `: ${problem}`;
  if (lastSuccessAtMs === undefined) return `the load balancers were never listed yet${why}`;
  const ageMs = nowMs - lastSuccessAtMs;
  if (ageMs <= maxAgeMs) return true;
  const limit = formatDuration(maxAgeMs);
  return `the load balancers were last listed ${Math.round(ageMs / 1000)}s ago, more than ${limit}${why}`;
}
