/** A page's texts -> the bytes that are served, plain and gzipped, and whether they are fresh enough. */
import type { Readiness } from "../shared/http.ts";
import { formatDuration } from "../shared/values.ts";
import type { Format } from "./exposition.ts";
import type { PageTexts } from "./render.ts";

/**
 * One page in one format. Blobs, because a response shares the bytes of a Blob, while it would copy those
 * of an array for each scrape.
 */
export interface Encoded {
  readonly plain: Blob;
  readonly gzip: Blob;
}

/** One page, all from one collection. */
export interface Snapshot {
  readonly pages: Readonly<Record<Format, Encoded>>;
  /** The part of the status page that is of the same collection; HTML, empty before the first. */
  readonly status: Blob;
  /** When it was built, in milliseconds since the epoch. */
  readonly builtAtMs: number;
  /** Whether the load balancers of any zone have ever been listed. */
  readonly listed: boolean;
  /** Why the last collection could not list those of some zone, in words. */
  readonly problem: string | undefined;
}

/**
 * Encodes a page once for all scrapes to come. Not by `new Blob([bytes])`: a large one is a file in memory, which
 * holds up the thread that first sends it and that gives it up (Bun 1.4.5).
 */
export async function encodePage(texts: PageTexts): Promise<Snapshot["pages"]> {
  const encoded = async (format: Format): Promise<Encoded> => {
    const bytes = encode(texts[format]);
    const [plain, gzip] = await Promise.all([
      new Response(bytes).blob(),
      new Response(Bun.gzipSync(bytes)).blob(),
    ]);
    return { plain, gzip };
  };
  return { text: await encoded("text"), openmetrics: await encoded("openmetrics") };
}

/** The same at once, for a page of a few samples. */
export function encodeSmallPage(texts: PageTexts): Snapshot["pages"] {
  const encoded = (format: Format): Encoded => {
    const bytes = encode(texts[format]);
    return { plain: new Blob([bytes]), gzip: new Blob([Bun.gzipSync(bytes)]) };
  };
  return { text: encoded("text"), openmetrics: encoded("openmetrics") };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The newest snapshot: one reference, replaced whole. */
export interface SnapshotStore {
  readonly current: Snapshot;
}

/**
 * Ready once the load balancers of a zone have been listed, and while pages are built. A cloud that fails
 * later is told of by the page, which has to stay reachable for that.
 */
export function snapshotReadiness(
  { listed, builtAtMs, problem }: Snapshot,
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): Readiness {
  const why = problem === undefined ? "" : `: ${problem}`;
  if (!listed) return `the load balancers were never listed yet${why}`;
  const ageMs = nowMs - builtAtMs;
  if (ageMs <= maxAgeMs) return true;
  const limit = formatDuration(maxAgeMs);
  return `the page was last built ${Math.round(ageMs / 1000)}s ago, more than ${limit}: the worker is restarted if it hangs, see the log`;
}
