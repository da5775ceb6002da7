/** What the worker has counted since it first started: plain numbers, so that a successor can go on. */
import {
  FAILURE_CLASSES,
  type FailureClass,
  OPERATIONS,
  type Operation,
} from "./ktcloud/errors.ts";

/** Counts by operation. Every combination is there from the start, at 0, so that rates work. */
export interface Counters {
  /** Pages built. */
  pages: number;
  /** Requests sent. */
  readonly calls: Record<Operation, number>;
  /** Failed calls. */
  readonly errors: Record<Operation, Record<FailureClass, number>>;
  /** Listed items that could not be read. */
  readonly dropped: Record<Operation, number>;
}

/** All counters at 0. */
export function createCounters(): Counters {
  return {
    pages: 0,
    calls: each(OPERATIONS, () => 0),
    errors: each(OPERATIONS, () => each(FAILURE_CLASSES, () => 0)),
    dropped: each(OPERATIONS, () => 0),
  };
}

function each<K extends string, V>(keys: readonly K[], value: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>;
}
