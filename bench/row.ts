/** One line of the table, and how the numbers of several rounds become one. */
import { median, perRound } from "./statistics.ts";

/** What the numbers belong to: the component first, then its peers. */
export interface Column {
  readonly name: string;
  readonly title: string;
}

/** One measured thing. The bars are those of the design, section "Numbers to hold". */
export interface Row {
  readonly what: string;
  /** By the name of the column; one that is missing stays empty. */
  readonly values: Readonly<Record<string, number>>;
  /** The component against each peer: median of the rounds' ratios, or of their differences. */
  readonly to?: Readonly<Record<string, number>>;
  /** Where a number may be near zero, the difference. */
  readonly comparison?: "ratio" | "difference";
  readonly digits: number;
  readonly bar?: string;
  readonly met?: boolean;
}

/** Numbers by column, one entry a round. */
export type Rounds<Name extends string = string> = Readonly<Record<Name, number[]>>;

/** No rounds yet. */
export function noRounds<Name extends string>(names: readonly Name[]): Rounds<Name> {
  return Object.fromEntries(names.map((name) => [name, []])) as unknown as Rounds<Name>;
}

/** The same items, another one first each time: who begins changes from round to round. */
export function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** The median of each column, and the first column against the others. */
export function compared(
  rounds: Rounds,
  [first = "", ...peers]: readonly string[],
  comparison: "ratio" | "difference",
) {
  const compare = (a: number, b: number) => (comparison === "ratio" ? a / b : a - b);
  const of = (name: string) => rounds[name] ?? [];
  const to = peers.map((name) => [name, median(perRound(of(first), of(name), compare))]);
  const values = [first, ...peers].map((name) => [name, median(of(name))]);
  return {
    values: Object.fromEntries(values) as Record<string, number>,
    to: Object.fromEntries(to) as Record<string, number>,
    comparison,
  };
}

/** A bar that is a highest value. */
export function atMost(limit: number, value: number | undefined) {
  return { bar: `≤ ${limit}`, met: value !== undefined && value <= limit };
}
