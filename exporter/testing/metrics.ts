/** Reads single samples out of a metrics page in a test. */

/** The value of the first sample whose line begins with `series`, or `undefined`. */
export function sample(page: string, series: string): number | undefined {
  const line = page
    .split("\n")
    .find((one) => one.startsWith(`${series} `) || one.startsWith(`${series}{`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

/** All sample lines of one metric. */
export function samples(page: string, name: string): string[] {
  return page
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
}
