/** How values are called and coloured, alike in all dashboards, and the labels that tell things apart. */
import type { Steps, Words } from "./panel.ts";

export const UP_DOWN: Words = { "1": ["UP", "green"], "0": ["DOWN", "red"] };
export const YES_NO: Words = { "1": ["yes", "green"], "0": ["no", "red"] };
export const LEADING: Words = { "1": ["leads", "green"], "0": ["stands by", "blue"] };

/** Nothing is good, anything is bad. */
export const NONE_IS_GOOD: Steps = [
  [null, "green"],
  [1, "red"],
];

/** The same, where it is only worth a look. */
export const NONE_IS_BETTER: Steps = [
  [null, "green"],
  [1, "orange"],
];

/** Seconds that a page may be old at the usual interval of a minute: two, and the age at which its series end. */
export const AGE: Steps = [
  [null, "green"],
  [130, "orange"],
  [300, "red"],
];

/** Seconds until a certificate ends; it is renewed a month before. */
export const EXPIRY: Steps = [
  [null, "red"],
  [7 * 86_400, "orange"],
  [21 * 86_400, "green"],
];

/**
 * `max by (labels) (selector)`: one series for each thing, whichever replica tells of it. For one scrape
 * interval after a takeover both the old leader's and the new one's are there.
 */
export function newest(labels: readonly string[], selector: string): string {
  return `max by (${labels.join(", ")}) (${selector})`;
}
