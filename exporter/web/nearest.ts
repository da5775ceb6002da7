/** A word that nobody knows -> the known one that was probably meant. */

/** The word that differs in at most two letters, or only in its case, dashes and underscores. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const meant = plain(word);
  const distances = words.map((other) => ({ other, letters: distance(meant, plain(other)) }));
  return distances.filter(({ letters }) => letters <= 2).sort((a, b) => a.letters - b.letters)[0]
    ?.other;
}

function plain(text: string): string {
  return text.slice(0, 80).toLowerCase().replaceAll(/[-_.]/g, "");
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 0; i < one.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j += 1) {
      const changed = (row[j] ?? 0) + (one[i] === other[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
