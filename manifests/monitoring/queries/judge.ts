/** An expression, and what the programs export -> what is wrong with the expression. */
import type { Exported } from "./exported.ts";
import { type Matcher, parseQuery, type Selector } from "./promql.ts";

/** Labels that Prometheus adds to what it scrapes, by the scrape configurations in manifests/. */
const TARGET_LABELS = [
  "job",
  "instance",
  "namespace",
  "pod",
  "container",
  "service",
  "endpoint",
  "node",
];

/** The series that Prometheus makes of each scrape. */
const OF_PROMETHEUS = ["up"];

/** Functions and parts of the grammar that came after Prometheus 2.42, the oldest that these expressions are for. */
const NEWER = `
  double_exponential_smoothing first_over_time histogram_avg histogram_quantiles histogram_stddev histogram_stdvar
  info limit_ratio limitk mad_over_time range sort_by_label sort_by_label_desc start_timestamp step
  ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time
  AnchoredExpr SmoothedExpr FillModifier DurationStep DurationRange DurationMinOf DurationMaxOf
  TrimUpper TrimLower QuotedLabelName`
  .trim()
  .split(/\s+/);

interface Known {
  readonly exported: Exported;
  /** Names that recording rules make; nothing is known of their labels. */
  readonly recorded: readonly string[];
}

/** One line for each problem; none where the expression can find what it asks for. */
export function judge(expr: string, known: Known): readonly string[] {
  const { errors, selectors, groupings, made, used } = parseQuery(expr);
  if (errors.length > 0) return errors.map((at) => `cannot be read at ${at}`);
  const problems = NEWER.filter((name) => used.has(name)).map((name) => `${name} is too new`);
  for (const selector of selectors) problems.push(...judgeSelector(selector, known));
  for (const { labels, selectors: within } of groupings) {
    const there = new Set([...made, ...within.flatMap((one) => labelsOf(one, known))]);
    if (there.has("*")) continue;
    for (const label of labels) {
      if (!there.has(label)) problems.push(`nothing there has the label ${label}`);
    }
  }
  return problems;
}

function judgeSelector(selector: Selector, known: Known): readonly string[] {
  const { metric, matchers } = selector;
  if (metric === undefined) return ["a selector has no name"];
  if (OF_PROMETHEUS.includes(metric) || known.recorded.includes(metric)) return [];
  const exported = known.exported.get(metric);
  if (exported === undefined) return [`no program exports ${metric}`];
  const labels = labelsOf(selector, known);
  const unknown = matchers.filter(({ label }) => !labels.includes(label));
  const jobs = matchers.filter(({ label }) => label === "job");
  const elsewhere = jobs.filter((one) => ![...exported.jobs].some((job) => matches(one, job)));
  return [
    ...unknown.map(({ label }) => `${metric} has no label ${label}`),
    ...elsewhere.map(({ value }) => `${metric} is not of the job ${value}`),
  ];
}

/** The asterisk stands for any label. */
function labelsOf({ metric = "" }: Selector, { exported, recorded }: Known): readonly string[] {
  if (recorded.includes(metric)) return ["*"];
  return [...TARGET_LABELS, ...(exported.get(metric)?.labels ?? [])];
}

function matches({ operator, value }: Matcher, job: string): boolean {
  // A dashboard's variable, which the user fills.
  if (value.includes("$")) return true;
  const found = operator.endsWith("~") ? new RegExp(`^(?:${value})$`).test(job) : value === job;
  return operator.startsWith("!") ? !found : found;
}
