import { expect, test } from "bun:test";
import type { Page } from "./page.ts";
import { createWatch } from "./torn.ts";

function page(timestamp: number | undefined, fingerprint: bigint, problem?: string): Page {
  const rest = { durationSeconds: 1, updates: 1, series: 10 };
  return { ...rest, timestamp, fingerprint, problem: () => problem };
}

test("createWatch() tells of pages that are no one collection", () => {
  const watch = createWatch(3);
  for (const one of [page(1, 10n), page(1, 10n), page(2, 20n), page(1, 10n)]) watch.see(one);
  expect(watch.seen()).toEqual({ scrapes: 4, collections: 2, problems: [] });
  watch.see(page(2, 21n));
  watch.see(page(3, 30n, "load balancers are missing"));
  watch.see(page(undefined, 40n));
  expect(watch.seen()).toEqual({
    scrapes: 7,
    collections: 2,
    problems: [
      "one timestamp, different numbers",
      "load balancers are missing",
      "there is no timestamp",
    ],
  });
});
