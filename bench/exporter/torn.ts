/** Scrapes as fast as they go while pages change: which of them mix two collections, or lack a part. */
import type { Cloud, Fleet } from "./cloud.ts";
import type { Page } from "./page.ts";
import { ENCODINGS, fetchPage, pageOf } from "./scrape.ts";

/** What was seen of one exporter. */
export interface Torn {
  readonly scrapes: number;
  /** Collections whose pages were seen. */
  readonly collections: number;
  /** Problems of torn pages, one entry a page. */
  readonly problems: readonly string[];
}

/** So that scrapes are on their way whenever a page changes. */
const SCRAPERS = 4;
/** One collection is never like the next. */
const CHANGE_MS = 700;

/** Watches for so long, while the number of servers goes up and down in the cloud. */
export async function watchTorn(
  cloud: Cloud,
  port: number,
  { fleet, seconds }: { readonly fleet: Fleet; readonly seconds: number },
): Promise<Torn> {
  const watch = createWatch(fleet.loadBalancers);
  const endMs = performance.now() + seconds * 1000;
  const scrape = async (_: unknown, number: number) => {
    const encoding = ENCODINGS[number % ENCODINGS.length] ?? "plain";
    while (performance.now() < endMs) watch.see(pageOf(await fetchPage(port, encoding)));
  };
  const change = async () => {
    for (let removed = 1; performance.now() < endMs; removed = 1 - removed) {
      await cloud.setFleet({ ...fleet, servers: fleet.servers - removed });
      await Bun.sleep(CHANGE_MS);
    }
    await cloud.setFleet(fleet);
  };
  await Promise.all([change(), ...Array.from({ length: SCRAPERS }, scrape)]);
  return watch.seen();
}

/** Judges one page after the other; those of one collection have to be the same. */
export function createWatch(balancers: number) {
  const fingerprints = new Map<number, bigint>();
  const problems: string[] = [];
  let scrapes = 0;
  const problemOf = (page: Page): string | undefined => {
    const { timestamp, fingerprint } = page;
    const problem = page.problem(balancers);
    if (problem !== undefined) return problem;
    if (timestamp === undefined) return "there is no timestamp";
    const known = fingerprints.get(timestamp) ?? fingerprint;
    fingerprints.set(timestamp, known);
    return known === fingerprint ? undefined : "one timestamp, different numbers";
  };
  return {
    see: (page: Page) => {
      scrapes++;
      const problem = problemOf(page);
      if (problem !== undefined) problems.push(problem);
    },
    seen: (): Torn => ({ scrapes, collections: fingerprints.size, problems }),
  };
}
