/** A word that is not known -> the known one that was probably meant. */

/** The known word that differs only in case, `-` and `_`, or by one or two letters; or `undefined`. */
export function nearestWord<T extends string>(word: string, known: readonly T[]): T | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, steps: distance(bare(word), bare(candidate)) }))
    .sort((a, b) => a.steps - b.steps);
  const [best] = ranked;
  return best !== undefined && best.steps <= Math.min(2, Math.floor(best.candidate.length / 3))
    ? best.candidate
    : undefined;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[-_\s]/g, "");
}

const MAX_LENGTH = 40;

/** Letters to insert, remove or replace to make one of the other (Levenshtein); long words are far. */
function distance(from: string, to: string): number {
  if (from.length > MAX_LENGTH) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of Array.from(from).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(to).entries()) {
      const replace = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replace, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
