/** What pods said they have counted, what Prometheus has of them -> a table, and what must not be. */

/** A pod that has ended. */
export interface Ended {
  readonly pod: string;
  /** Whether it asked for a final scrape. */
  readonly waits: boolean;
  /** From its log; `undefined` if it was never read to its end. */
  readonly counted: number | undefined;
  /** `undefined` if Prometheus has never heard of it. */
  readonly stored: number | undefined;
}

export function table(pods: readonly Ended[]): string {
  const rows = pods.map(({ pod, waits, counted, stored }) => [
    pod,
    waits ? "yes" : "no",
    String(counted ?? "unknown"),
    String(stored ?? "nothing"),
    counted === undefined ? "unknown" : String(counted - (stored ?? 0)),
  ]);
  const lines = [["pod", "waits", "counted", "stored", "lost"], ...rows];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths?.[column] ?? 0) : cell.padStart(widths?.[column] ?? 0);
  return lines.map((line) => line.map(pad).join("  ")).join("\n");
}

/**
 * Everything that contradicts the promise; empty if all is well. The pods without a final scrape are the control: if
 * they lose nothing, the comparison proves nothing.
 */
export function complaints(pods: readonly Ended[]): readonly string[] {
  const waiting = pods.filter(({ waits }) => waits);
  const control = pods.filter(({ waits }) => !waits);
  const lost = control.reduce((sum, { counted = 0, stored = 0 }) => {
    return sum + Math.max(0, counted - stored);
  }, 0);
  return [
    ...(waiting.length > 0 ? [] : ["no pod with a final scrape has ended"]),
    ...waiting.flatMap(contradiction),
    ...(lost > 0 ? [] : ["the pods without a final scrape have lost nothing, which is unlikely"]),
  ];
}

function contradiction({ pod, counted, stored }: Ended): readonly string[] {
  if (counted === undefined) return [`${pod} has not said what it counted`];
  if (stored === counted) return [];
  return [`${pod} counted ${counted}, and ${stored ?? "nothing"} is stored`];
}
