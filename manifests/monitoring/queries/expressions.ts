/** The dashboards and the PrometheusRules below manifests/ -> every PromQL expression in them. */
import { join, relative } from "node:path";

const MANIFESTS = join(import.meta.dir, "../..");

/** One expression and where it stands. */
interface Expression {
  /** Panel, variable, alert or recording rule. */
  readonly where: string;
  readonly expr: string;
}

/** One query of a panel, as far as it matters here. */
interface PanelTarget {
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant: boolean;
}

export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly PanelTarget[];
  readonly fieldConfig?: {
    readonly overrides: readonly { readonly matcher: { readonly options: string } }[];
  };
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: { readonly indexByName?: Readonly<Record<string, number>> };
  }[];
}

export interface DashboardFile {
  readonly file: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly Variable[] };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

/** Every dashboard as it is committed. */
export async function readDashboards(): Promise<readonly DashboardFile[]> {
  const folder = join(MANIFESTS, "monitoring/dashboards");
  const names = [...new Bun.Glob("**/*.json").scanSync(folder)].sort();
  const documents = names.map(async (file) => {
    const document = (await Bun.file(join(folder, file)).json()) as DashboardFile;
    return { ...document, file };
  });
  return await Promise.all(documents);
}

/** The expressions of a dashboard's panels and variables, with Grafana's own variables in place. */
export function expressionsOf({ panels, templating }: DashboardFile): readonly Expression[] {
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `panel "${title}"`, expr: withTimes(expr) })),
  );
  const ofVariables = templating.list
    .filter(({ type }) => type === "query")
    .map(({ name, query }) => ({
      where: `variable ${name}`,
      expr: variableExpression(typeof query === "string" ? query : query.query),
    }));
  return [...ofPanels, ...ofVariables];
}

/** Puts times in the place of Grafana's variables for them. */
export function withTimes(expr: string, { rate = "4m", range = "6h" } = {}): string {
  return expr.replaceAll("$__rate_interval", rate).replaceAll("$__range", range);
}

/** `label_values(selector, label)` and `query_result(expression)` as plain PromQL. Throws on anything else. */
export function variableExpression(query: string): string {
  const values = /^label_values\((.*),\s*(\w+)\)$/.exec(query);
  if (values !== null) return `group by (${values[2]}) (${values[1]})`;
  const result = /^query_result\((.*)\)$/.exec(query);
  if (result !== null) return result[1] ?? "";
  throw new SyntaxError(`Neither label_values nor query_result: ${query}`);
}

interface RuleFile {
  readonly file: string;
  readonly expressions: readonly Expression[];
  /** Names of recording rules, which other rules may ask for. */
  readonly recorded: readonly string[];
}

interface PrometheusRule {
  readonly kind?: string;
  readonly spec?: {
    readonly groups?: readonly {
      readonly rules?: readonly { record?: string; alert?: string; expr: string | number }[];
    }[];
  };
}

/** Every PrometheusRule in the tree. */
export async function readRules(): Promise<readonly RuleFile[]> {
  const files: RuleFile[] = [];
  for (const path of [...new Bun.Glob("**/*.yaml").scanSync(MANIFESTS)].sort()) {
    const text = await Bun.file(join(MANIFESTS, path)).text();
    if (!/^kind: PrometheusRule$/m.test(text)) continue;
    const parsed: unknown = Bun.YAML.parse(text);
    const documents = (Array.isArray(parsed) ? parsed : [parsed]) as readonly PrometheusRule[];
    const rules = documents
      .filter(({ kind }) => kind === "PrometheusRule")
      .flatMap(({ spec }) => spec?.groups ?? [])
      .flatMap((group) => group.rules ?? []);
    files.push({
      file: relative(MANIFESTS, join(MANIFESTS, path)),
      expressions: rules.map(({ alert, record, expr }) => ({
        where: `rule ${alert ?? record}`,
        expr: String(expr),
      })),
      recorded: rules.flatMap(({ record }) => (record === undefined ? [] : [record])),
    });
  }
  return files;
}
