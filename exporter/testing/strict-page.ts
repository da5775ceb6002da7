/** A metrics page -> its samples, or the first line that a strict reader of either format would refuse. */
import type { Format, MetricType } from "../exposition.ts";

/** One sample as a page shows it. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric: its type and what belongs to it. */
export interface StrictFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly samples: readonly Sample[];
}

interface Head {
  readonly name: string;
  readonly type: MetricType;
  readonly samples: Sample[];
}

/**
 * Reads a page. Throws an Error that names the line: it must be well-formed, every family have one HELP
 * and then one TYPE before its samples, and no series may come twice. OpenMetrics ends with `# EOF`.
 */
export function parseStrictly(text: string, format: Format): readonly StrictFamily[] {
  const families = new Map<string, Head>();
  const series = new Set<string>();
  let open: Head | undefined;
  let helped: string | undefined;
  for (const [index, line] of linesOf(text, format).entries()) {
    const refuse = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line.slice(0, 300)}`);
    };
    const comment = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][\w:]*) (.*)$/s.exec(line);
    const [, kind, name = "", rest = ""] = comment ?? [];
    if (kind === "HELP") {
      if (families.has(name) || helped !== undefined) refuse("HELP comes twice or without TYPE");
      if (!isEscaped(rest, format === "text" ? /\\[\\n]/g : /\\[\\n"]/g)) refuse("bad HELP");
      helped = name;
    } else if (kind === "TYPE") {
      if (helped !== name || families.has(name)) refuse("TYPE is not right after its HELP");
      if (!/^(gauge|counter|histogram)$/.test(rest)) refuse("unknown type");
      open = { name, type: rest as MetricType, samples: [] };
      families.set(name, open);
      helped = undefined;
    } else if (kind === "UNIT") {
      if (format === "text" || open?.name !== name || open.samples.length > 0) refuse("stray UNIT");
      if (!name.endsWith(`_${rest}`)) refuse("the name does not end in its unit");
    } else {
      const sample = readSample(line) ?? refuse("neither a comment nor a sample");
      if (open === undefined || helped !== undefined || !belongs(sample, open, format))
        return refuse("not of the family that is open");
      const key = keyOf(sample);
      if (series.has(key)) refuse("the series comes twice");
      series.add(key);
      open.samples.push(sample);
    }
  }
  if (helped !== undefined) throw new Error(`HELP without TYPE: ${helped}`);
  for (const family of families.values()) checkValues(family);
  return [...families.values()];
}

/** What tells a series from all others, whatever the order of its labels. */
export function keyOf({ name, labels }: Pick<Sample, "name" | "labels">): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function linesOf(text: string, format: Format): readonly string[] {
  if (!text.endsWith("\n")) throw new Error("the page does not end in a new line");
  if (!text.isWellFormed()) throw new Error("the page holds half of a surrogate pair");
  const lines = text.slice(0, -1).split("\n");
  if (format === "text") return lines;
  if (lines.at(-1) !== "# EOF") throw new Error("the page does not end in # EOF");
  return lines.slice(0, -1);
}

/** Only finite values: none of ours is ever anything else. */
const VALUE = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/;

function readSample(line: string): Sample | undefined {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0];
  if (name === undefined) return undefined;
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith("{")) {
    const pair = /^[{,]([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\n"])*)"/;
    for (let match = pair.exec(rest); match !== null; match = pair.exec(rest)) {
      const [all, label = "", value = ""] = match;
      if (Object.hasOwn(labels, label)) return undefined;
      labels[label] = value.replaceAll(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
      rest = rest.slice(all.length);
    }
    if (!rest.startsWith("}") || Object.keys(labels).length === 0) return undefined;
    rest = rest.slice(1);
  }
  if (!rest.startsWith(" ") || !VALUE.test(rest.slice(1))) return undefined;
  return { name, labels, value: Number(rest.slice(1)) };
}

function isEscaped(text: string, escapes: RegExp): boolean {
  return !text.replaceAll(escapes, "").includes("\\");
}

function belongs({ name, labels }: Sample, family: Head, format: Format): boolean {
  switch (family.type) {
    case "gauge":
      return name === family.name;
    case "counter":
      return (
        name === (format === "text" ? family.name : `${family.name}_total`) &&
        name.endsWith("_total")
      );
    case "histogram":
    default:
      if (name === `${family.name}_bucket`) return labels.le !== undefined;
      return name === `${family.name}_sum` || name === `${family.name}_count`;
  }
}

function checkValues({ name, type, samples }: Head): void {
  if (type === "gauge") return;
  const negative = samples.find(({ value }) => value < 0);
  if (negative !== undefined) throw new Error(`${name}: below 0`);
  if (type !== "histogram") return;
  const buckets = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (!sample.name.endsWith("_bucket")) continue;
    const { le: _, ...labels } = sample.labels;
    const key = keyOf({ name: `${name}_count`, labels });
    buckets.set(key, [...(buckets.get(key) ?? []), sample]);
  }
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  if (counts.length !== buckets.size) throw new Error(`${name}: not one count for each histogram`);
  for (const count of counts) {
    const own = buckets.get(keyOf(count)) ?? [];
    const grows = own.every(({ value }, index) => value >= (own[index - 1]?.value ?? 0));
    const last = own.at(-1);
    if (!grows || last?.labels.le !== "+Inf" || last.value !== count.value)
      throw new Error(`${name}: the buckets do not add up`);
  }
}
