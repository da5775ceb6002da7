/** Which licences may be compiled in: those that allow it to anybody who passes their text on. */

/** By their SPDX identifiers. */
const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/**
 * Whether an SPDX expression is allowed: of `A OR B` one has to be, of `A AND B` both. An expression
 * that is neither, or nested, or has an exception (`WITH`), is for a person to read.
 */
export function isAllowed(expression: string): boolean {
  const plain = expression.replace(/^\((.*)\)$/, "$1");
  if (plain.includes(" OR ")) return plain.split(" OR ").some((one) => ALLOWED.has(one));
  return plain.split(" AND ").every((one) => ALLOWED.has(one));
}
