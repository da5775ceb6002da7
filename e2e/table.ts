/** Observations -> a table for a person: what each cell of the matrix lost, and how it ended. */
import { ENDINGS, ORDERS, promised } from "./endings.ts";
import type { Observation } from "./matrix.ts";
import { lost } from "./verdict.ts";

const HEADER = ["ending", "order", "may lose", "lost of counted", "outcome", "waited s"];

/** One row for every cell, one entry in it for every pod. */
export function renderTable(title: string, observations: readonly Observation[]): string {
  const cells = ENDINGS.flatMap((ending) => ORDERS.map((order) => ({ ending, order })));
  const rows = cells.map(({ ending, order }) => {
    const pods = observations.filter((one) => one.ending === ending && one.order === order);
    const reports = pods.map(({ reports: [report] }) => report);
    return [
      ending,
      order,
      promised(ending, order),
      pods.map((pod) => `${lost(pod)}/${pod.counted.total}`).join("  "),
      [...new Set(reports.map((report) => report?.outcome ?? "no report"))].join(", "),
      reports.map((report) => report?.waited_seconds.toFixed(1) ?? "-").join("  "),
    ];
  });
  const all = [HEADER, ...rows];
  const widths = HEADER.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const lines = all.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "));
  return `\n${title}\n${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
