/** A metrics page in the text or OpenMetrics format -> its series and their values. */

/** A parsed page. */
export interface Exposition {
  /** Value by series, as the page writes it: `name{label="value"}`. */
  readonly series: ReadonlyMap<string, number>;
  /** Type by family: `counter`, `gauge`, `histogram`, `summary` … */
  readonly types: ReadonlyMap<string, string>;
}

const SUFFIXES = ["_total", "_bucket", "_count", "_sum", "_created", "_info"];

/**
 * Reads a page; lines that it cannot read are left out. Exemplars and timestamps are passed over.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseExposition(text: string): Exposition {
  const series = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) {
      const [, keyword, name, type] = line.split(/\s+/, 4);
      if (keyword === "TYPE" && name && type) types.set(name, type);
      continue;
    }
    const end = seriesEnd(line);
    if (end <= 0) continue;
    const value = parseValue(line.slice(end).trimStart().split(/\s/, 1)[0] ?? "");
    if (value !== undefined) series.set(line.slice(0, end), value);
  }
  return { series, types };
}

/** The family of a series, and the family's type where the page tells it. */
export function familyOf(
  series: string,
  types: Exposition["types"],
): { name: string; type: string } {
  const brace = series.indexOf("{");
  const name = brace < 0 ? series : series.slice(0, brace);
  const own = types.get(name);
  if (own !== undefined) return { name, type: own };
  for (const suffix of SUFFIXES) {
    if (!name.endsWith(suffix)) continue;
    const base = name.slice(0, -suffix.length);
    const type = types.get(base);
    if (type !== undefined) return { name: base, type };
  }
  return { name, type: "untyped" };
}

/** Where the series ends and its value begins: after `}` outside of quotes, or at the first blank. */
function seriesEnd(line: string): number {
  const brace = line.indexOf("{");
  const blank = line.search(/\s/);
  if (brace < 0 || (blank >= 0 && blank < brace)) return blank;
  let quoted = false;
  for (let i = brace + 1; i < line.length; i++) {
    const character = line[i];
    if (quoted && character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (character === "}" && !quoted) return i + 1;
  }
  return -1;
}

function parseValue(text: string): number | undefined {
  if (text === "NaN") return Number.NaN;
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  return text === "" || Number.isNaN(value) ? undefined : value;
}
