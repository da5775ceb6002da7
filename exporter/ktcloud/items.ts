/** Wire values of unknown type -> numbers, ids and labels that can be trusted, item by item (contract 8.1). */
import { z } from "zod";
import { isObject, normaliseKeys } from "./answer.ts";

/** A number or a numeric string; all else is `undefined`, so that no sample is written. */
export const metric = z
  .unknown()
  .optional()
  .transform((value): number | undefined => {
    const number = typeof value === "string" ? numeric(value.trim()) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : undefined;
  });

function numeric(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/**
 * Longest label value. A load balancer's name has at most 32 characters (contract 3.7), and stands in every
 * series of its servers: one of a megabyte would take gigabytes.
 */
const MAX_LABEL = 256;

/** Text or a whole number that is not empty, as text; without it the item is worth nothing. */
export const ident = z
  .union([z.string().trim().min(1).max(MAX_LABEL), z.number().int()])
  // Halves of a surrogate pair would all be written as the same replacement character.
  .transform((value) => String(value).toWellFormed());

/** Text for a label, cut where it is too long; empty where there is none. */
export const label = z
  .unknown()
  .optional()
  .transform((value) =>
    typeof value === "string" || typeof value === "number"
      ? String(value).trim().slice(0, MAX_LABEL).toWellFormed()
      : "",
  );

/** The clouds' words in one spelling each, so that a change of case starts no new series. */
export const upper = label.transform((text) => text.toUpperCase());
export const lower = label.transform((text) => text.toLowerCase());

/** The cloud's word for how something is, as it wrote it. */
export const state = label;

/** Reads items one by one, so that a bad one costs no other; of two with one key the last one stays. */
export function readItems<T>(
  items: readonly unknown[],
  schema: z.ZodType<T>,
  keyOf: (item: T) => string,
) {
  const read = new Map<string, T>();
  let unreadable = 0;
  for (const item of items) {
    const result = schema.safeParse(isObject(item) ? normaliseKeys(item) : item);
    if (result.success) read.set(keyOf(result.data), result.data);
    else unreadable += 1;
  }
  return {
    items: [...read.values()],
    listed: read.size + unreadable,
    unreadable,
    duplicates: items.length - read.size - unreadable,
  };
}
