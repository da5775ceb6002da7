/** What a reader of the table has to know of the page and the torn pages of this run. */
import type { Measured } from "./measure.ts";

export function notesOf({ page, stalls, torn }: Measured): readonly string[] {
  const pages = stalls.pages.join(", ");
  return [
    `The page: ${page.series} series, ${megabytes(page.plain)} MB plain, ${megabytes(page.gzip)} MB gzipped.`,
    `Pages built while small requests came, by round: ${pages}.`,
    ...problems("exporter", torn.exporter.problems),
    ...problems("Python", torn.original.problems),
  ];
}

function problems(name: string, all: readonly string[]): readonly string[] {
  const kinds = Map.groupBy(all, (problem) => problem);
  return [...kinds].map(([problem, { length }]) => `Torn, ${name}, ${length} times: ${problem}`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
