/** Numbers, times and counts -> words for a person. */

const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** What stands where a number is not known. */
export const UNKNOWN = "–";

/** A number that fits a narrow column, never rounded to 0; {@link UNKNOWN} for `undefined`. */
export function numberInWords(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 1e15)) return value.toExponential(1);
  if (size >= 100_000) return COMPACT.format(value);
  return (size >= 100 ? GROUPED : SHORT).format(value);
}

/** `1 server`, `5 servers`; `plural` where an s does not do. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${GROUPED.format(count)} ${count === 1 ? noun : plural}`;
}

/** `both servers`, `all 3 servers`; for one there is a better word. */
export function allOf(count: number, noun: string): string {
  return count === 2 ? `both ${noun}s` : `all ${countOf(count, noun)}`;
}

/** `3 servers`, or `2 of 3 servers` where it is only a part. */
export function partOf(part: number, all: number, noun: string): string {
  return part === all ? countOf(all, noun) : `${GROUPED.format(part)} of ${countOf(all, noun)}`;
}

const STEPS = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

/** A duration in its two largest units: `12 s`, `3 min 5 s`, `2 h`. Below a second in `ms`. */
export function durationInWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  let rest = Math.round(ms / 1000);
  const parts = STEPS.map(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return { unit, count };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(" ");
}

/** An age for a person: as a duration, but in whole seconds; a clock that was set back gives `0 s`. */
export function ageInWords(ms: number): string {
  return ms < 1000 ? "0 s" : durationInWords(ms);
}
