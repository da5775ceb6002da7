/** Text that may be anything -> a JSON value, or `undefined` where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller has its own words for that.
  }
}
