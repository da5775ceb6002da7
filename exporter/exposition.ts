/** Metric families -> the text of a page, as text format 0.0.4 and as OpenMetrics 1.0.0 from the same samples. */

export type MetricType = "gauge" | "counter" | "histogram";

/** One metric: its head, and its samples as finished lines, which are the same in both formats. */
export interface Family {
  /** A counter's ends in `_total`. */
  readonly name: string;
  /** A sentence, with the unit. */
  readonly help: string;
  readonly type: MetricType;
  readonly lines: string[];
}

/** Labels that are written out: `{zone="DX-M1"}`, or nothing. */
export type Labels = string & { readonly brand?: "labels" };

/** The two formats that a page is written in. */
export const FORMATS = ["text", "openmetrics"] as const;

export type Format = (typeof FORMATS)[number];

/** Media types of a page. */
export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** A family without samples. */
export function family(type: MetricType, name: string, help: string): Family {
  return { type, name, help, lines: [] };
}

/** Writes labels out; values may hold anything. A pair whose value is `undefined` is left out. */
export function labels(pairs: Readonly<Record<string, string | undefined>>): Labels {
  const written = Object.entries(pairs).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${escapeValue(value)}"`],
  );
  return written.length === 0 ? "" : `{${written.join(",")}}`;
}

/** Adds a sample. A value that is not known is no sample. */
export function add({ name, lines }: Family, written: Labels, value: number | undefined): void {
  if (value !== undefined) lines.push(`${name}${written} ${formatNumber(value)}`);
}

/** A distribution: how many values were at most each bound, all of them, and their sum. */
export interface Histogram {
  /** Cumulative, one for each bound. */
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Adds the samples of a histogram with these upper bounds. */
export function addHistogram(
  { name, lines }: Family,
  written: Labels,
  { buckets, count, sum, bounds }: Histogram & { readonly bounds: readonly number[] },
): void {
  const inner = written === "" ? "" : `${written.slice(1, -1)},`;
  bounds.forEach((bound, index) => {
    lines.push(`${name}_bucket{${inner}le="${formatBound(bound)}"} ${buckets[index] ?? 0}`);
  });
  lines.push(`${name}_bucket{${inner}le="+Inf"} ${count}`);
  lines.push(`${name}_sum${written} ${formatNumber(sum)}`, `${name}_count${written} ${count}`);
}

/** Renders a page. */
export function renderFamilies(families: readonly Family[], format: Format): string {
  const parts = families.map((one) => {
    const samples = one.lines.length === 0 ? "" : `${one.lines.join("\n")}\n`;
    return head(one, format) + samples;
  });
  return parts.join("") + (format === "openmetrics" ? "# EOF\n" : "");
}

/** How many samples a page holds. */
export function countSamples(families: readonly Family[]): number {
  return families.reduce((sum, { lines }) => sum + lines.length, 0);
}

function head({ name, help, type }: Family, format: Format): string {
  if (format === "text") return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  // In OpenMetrics `_total` belongs to the sample, not to the family.
  const base = type === "counter" ? name.replace(/_total$/, "") : name;
  const unit = /_(seconds|bytes)$/.exec(base)?.[1];
  const unitLine = unit === undefined ? "" : `# UNIT ${base} ${unit}\n`;
  return `# HELP ${base} ${escapeValue(help)}\n# TYPE ${base} ${type}\n${unitLine}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeValue(text: string): string {
  // Most values need nothing, and looking costs less than replacing.
  return /[\\\n"]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}

function formatNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/** With a fraction in both formats, as OpenMetrics wants it, so that the series are the same ones. */
function formatBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
