/** The list within an answer -> its items, in any of the shapes that the wire is suspected of (contract 3.6). */
import { isObject } from "./answer.ts";
import { ApiError, type Operation } from "./errors.ts";
import type { Listing } from "./schema.ts";

/** One list as an answer holds it. */
export interface RawList {
  readonly operation: Operation;
  /** The key that the list stands at, for messages. */
  readonly key: string;
  readonly items: readonly unknown[];
  /** How many items the cloud says there are, where it says so. */
  readonly claimed: number | undefined;
}

/**
 * An array as it is, nothing and an empty object as an empty one, a single object as an array of it; else
 * `undefined`.
 */
export function asArray(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return undefined;
  return Object.keys(value).length === 0 ? [] : [value];
}

/** A count as a number or as text; `undefined` where there is none that can be read. */
export function asCount(value: unknown): number | undefined {
  const text = typeof value === "number" || typeof value === "string" ? String(value).trim() : "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * Step 10 of contract 8.2. An empty list is a list; but one that claims items and shows none, or of
 * which nothing can be read, is an error.
 */
export function readList<T>(
  { operation, key, items, claimed }: RawList,
  read: (items: readonly unknown[]) => Omit<Listing<T>, "claimed">,
): Listing<T> {
  if (items.length === 0 && claimed !== undefined && claimed > 0) {
    throw unreadable(operation, `the count is ${claimed}, but ${key} holds nothing`);
  }
  const listing = read(items);
  if (items.length > 0 && listing.items.length === 0) {
    throw unreadable(operation, `none of the ${items.length} items in ${key} can be read`);
  }
  return { ...listing, claimed };
}

/** An answer that is JSON, but not what the contract says. */
export function unreadable(operation: Operation, message: string): ApiError {
  return new ApiError(message, { failure: "parse", operation });
}
