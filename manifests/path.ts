/** `spec.template.metadata` -> what is there in an object. */

/** The value at a path of keys with dots between; the object itself for an empty path. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const key of path.split(".").filter(Boolean)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
