/** Rows -> the table in the terminal. */
import type { Column, Row } from "./row.ts";

/** The rows as aligned text; numbers to the right, words to the left. */
export function renderTable(columns: readonly Column[], rows: readonly Row[]): string {
  const peers = columns.slice(1);
  const head = [
    "",
    ...columns.map(({ title }) => title),
    ...peers.map(({ title }) => `to ${title}`),
    "bar",
    "",
  ];
  const cells = [head, ...rows.map((row) => cellsOf(row, columns))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isWord = (column: number) => column === 0 || column >= head.length - 2;
  const aligned = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return isWord(column) ? cell.padEnd(width) : cell.padStart(width);
  };
  return cells.map((row) => `${row.map(aligned).join("  ").trimEnd()}\n`).join("");
}

function cellsOf(row: Row, columns: readonly Column[]): readonly string[] {
  const number = (value = Number.NaN) => (Number.isNaN(value) ? "" : value.toFixed(row.digits));
  const comparison = (value: number | undefined) => {
    if (value === undefined) return "";
    if (row.comparison === "ratio") return `${value.toFixed(2)} ×`;
    return `${value > 0 ? "+" : ""}${value.toFixed(row.digits)}`;
  };
  const numbers = columns.map(({ name }) => number(row.values[name]));
  const comparisons = columns.slice(1).map(({ name }) => comparison(row.to?.[name]));
  return [row.what, ...numbers, ...comparisons, row.bar ?? "", verdict(row)];
}

function verdict({ met }: Row): string {
  if (met === undefined) return "";
  return met ? "met" : "MISSED";
}
