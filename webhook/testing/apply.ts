/** Applies a JSON Patch by a library that is not ours. */
import { applyPatch as apply } from "rfc6902";
import type { Operation } from "../patch.ts";
import type { Json } from "./review.ts";

/** The document with the patch applied; the one given stays as it is. Throws what the library finds. */
export function applyPatch(document: Json, patch: readonly Operation[]): Json {
  const copy = structuredClone(document);
  for (const error of apply(copy, structuredClone([...patch]))) if (error !== null) throw error;
  return copy;
}
