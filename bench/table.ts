/** Rows -> the table in the terminal. */
import type { Row } from "./rows.ts";

const HEAD = ["", "sidecar", "Go", "nginx", "to Go", "to nginx", "bar", ""];

/** The rows as aligned text; numbers to the right, words to the left. */
export function renderTable(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) => row.map((cell, i) => aligned(cell, i, widths[i] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function aligned(cell: string, column: number, width: number): string {
  return column === 0 || column >= 6 ? cell.padEnd(width) : cell.padStart(width);
}

function cellsOf(row: Row): readonly string[] {
  const number = (value: number | undefined) => value?.toFixed(row.digits) ?? "";
  const comparison = (value: number | undefined) => {
    if (value === undefined) return "";
    if (row.comparison === "ratio") return `${value.toFixed(2)} ×`;
    return `${value > 0 ? "+" : ""}${value.toFixed(row.digits)}`;
  };
  const numbers = [number(row.sidecar), number(row.go), number(row.nginx)];
  const comparisons = [comparison(row.toGo), comparison(row.toNginx)];
  return [row.what, ...numbers, ...comparisons, row.bar ?? "", verdict(row)];
}

function verdict({ met }: Row): string {
  if (met === undefined) return "";
  return met ? "met" : "MISSED";
}
