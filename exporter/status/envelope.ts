/**
 * The fragment's outermost element, which also says how often a new one is due: that belongs to the
 * collection, since a change of the interval comes into force with the next one.
 */

/** Puts the body of a fragment into its element. */
export function wrapFragment(intervalMs: number, body: string): string {
  return `<main data-interval-ms="${intervalMs}">\n${body}</main>\n`;
}

/** The interval that {@link wrapFragment} was given; `undefined` where there is no fragment yet. */
export function intervalOf(fragment: string): number | undefined {
  const digits = /^<main data-interval-ms="(\d+)">/.exec(fragment)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
