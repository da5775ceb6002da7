/** Medians and percentiles. */

/** The value below which that share (0 to 1) of the values lies. Throws a RangeError on no values. */
export function percentile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  if (value === undefined) throw new RangeError("No values to take a percentile of");
  return value;
}

/** The middle value, of an even number the mean of the middle two. Throws a RangeError on no values. */
export function median(values: readonly number[]): number {
  const below = percentile(values, (values.length - 1) / 2 / values.length);
  return (below + percentile(values, 0.5)) / 2;
}

/** Combines two rows of rounds, round by round: only numbers of the same round are comparable. */
export function perRound(
  a: readonly number[],
  b: readonly number[],
  combine: (a: number, b: number) => number,
): number[] {
  return a.map((value, round) => combine(value, b[round] ?? Number.NaN));
}
