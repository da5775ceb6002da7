/** What the worker has counted of a zone: plain numbers, so that a successor can go on. */
import type { Histogram } from "./exposition.ts";
import type { ClientObserver } from "./ktcloud/client.ts";
import {
  FAILURE_CLASSES,
  type FailureClass,
  OPERATIONS,
  type Operation,
} from "./ktcloud/errors.ts";
import type { Listing } from "./ktcloud/schema.ts";

/** The calls that give a list. */
export const LIST_OPERATIONS = ["list_load_balancers", "list_servers"] as const;

export type ListOperation = (typeof LIST_OPERATIONS)[number];

/** Why an item of a list is not on the page. */
export const DROP_REASONS = ["unreadable", "duplicate"] as const;

type DropReason = (typeof DROP_REASONS)[number];

/** Counts of one zone, by operation. What can be named beforehand is there from the start, at 0. */
export interface Counters {
  /** Requests sent, by HTTP status or `none`. */
  readonly calls: Record<Operation, Record<string, number>>;
  readonly durations: Record<Operation, { buckets: number[]; count: number; sum: number }>;
  /** Requests that were sent again. */
  readonly retries: Record<ListOperation, number>;
  /** Failed calls. */
  readonly errors: Record<Operation, Record<FailureClass, number>>;
  readonly dropped: Record<ListOperation, Record<DropReason, number>>;
  /** Lists whose count was not the number of their items. */
  readonly mismatches: Record<ListOperation, number>;
  tokens: number;
}

/** Upper bounds of the call durations in seconds: from a fast answer to the longest usual timeout. */
export const DURATION_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** All counters at 0. */
export function createCounters(): Counters {
  return {
    calls: each(OPERATIONS, () => ({})),
    durations: each(OPERATIONS, () => ({
      buckets: DURATION_BOUNDS.map(() => 0),
      count: 0,
      sum: 0,
    })),
    retries: each(LIST_OPERATIONS, () => 0),
    errors: each(OPERATIONS, () => each(FAILURE_CLASSES, () => 0)),
    dropped: each(LIST_OPERATIONS, () => each(DROP_REASONS, () => 0)),
    mismatches: each(LIST_OPERATIONS, () => 0),
    tokens: 0,
  };
}

/** Counts what a client sends. */
export function countingObserver(counters: Counters): ClientObserver {
  return {
    exchanged: (operation, code, durationMs) => {
      const calls = counters.calls[operation];
      calls[code] = (calls[code] ?? 0) + 1;
      observe(counters.durations[operation], durationMs / 1000);
    },
    retried: (operation) => {
      if (operation !== "token") counters.retries[operation] += 1;
    },
    tokenIssued: () => {
      counters.tokens += 1;
    },
  };
}

/** Counts what was wrong within a list. */
export function countListing(
  counters: Counters,
  operation: ListOperation,
  { unreadable, duplicates, listed, claimed }: Listing<unknown>,
): void {
  counters.dropped[operation].unreadable += unreadable;
  counters.dropped[operation].duplicate += duplicates;
  if (claimed !== undefined && claimed !== listed + duplicates) {
    counters.mismatches[operation] += 1;
  }
}

function observe(histogram: Counters["durations"][Operation], seconds: number): void {
  DURATION_BOUNDS.forEach((bound, index) => {
    if (seconds <= bound) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1;
  });
  histogram.count += 1;
  histogram.sum += seconds;
}

/** A histogram of call durations with its bounds. */
export function withBounds(histogram: Histogram) {
  return { ...histogram, bounds: DURATION_BOUNDS };
}

function each<K extends string, V>(keys: readonly K[], value: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>;
}
