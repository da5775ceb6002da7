/** When a new page is first served, by the clock that its collection began and ended by. */
import { type Fetched, fetchPage, pageOf } from "./scrape.ts";

/** One new page, in milliseconds. */
export interface Arrival {
  /** From the start of its collection to its first appearance. */
  readonly cycleMs: number;
  /** From the end of its collection: to build it, to hand it over, and to see it. */
  readonly buildMs: number;
}

/** How often the page is looked at; half of it is in each number. */
const LOOK_MS = 10;

/** Waits for so many new pages. */
export async function arrivals(port: number, count: number, limitMs: number): Promise<Arrival[]> {
  const found: Arrival[] = [];
  const untilMs = performance.now() + limitMs;
  let last = await fetchPage(port, "gzip");
  while (found.length < count) {
    await Bun.sleep(LOOK_MS);
    const next = await fetchPage(port, "gzip");
    const seenAtMs = Date.now();
    if (!same(last, next)) found.push(arrivalOf(next, seenAtMs));
    last = next;
    if (performance.now() > untilMs) {
      throw new Error(`Only ${found.length} of ${count} new pages in ${limitMs} ms`);
    }
  }
  return found;
}

function same(a: Fetched, b: Fetched): boolean {
  return Buffer.from(a.bytes.buffer).equals(b.bytes);
}

function arrivalOf(fetched: Fetched, seenAtMs: number): Arrival {
  const { timestamp = NaN, durationSeconds = NaN } = pageOf(fetched);
  const cycleMs = seenAtMs - timestamp * 1000;
  return { cycleMs, buildMs: cycleMs - durationSeconds * 1000 };
}
