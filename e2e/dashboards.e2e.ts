/** Grafana's dashboards over the compiled executables under a real Prometheus: every query finds its series. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type DashboardFile,
  type DashboardPanel,
  readDashboards,
  variableExpression,
  withTimes,
} from "../manifests/monitoring/queries/expressions.ts";
import { startPrograms } from "../manifests/monitoring/queries/programs.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type RunningPrometheus, type Sample, startPrometheus } from "./prometheus.ts";

const ROOT = join(import.meta.dir, "..");

/** Labels that a scrape outside Kubernetes does not get. */
const OF_KUBERNETES = ["namespace", "pod"];

const dashboards = await readDashboards();

/** Everything that is scraped, each second, until every rate has something to go by. */
async function startAll(stack: AsyncDisposableStack) {
  const program = (component: string) => [`${ROOT}/dist/${component}`];
  const programs = await startPrograms(stack, program);
  const { scraped } = programs;
  const [leader] = scraped;
  if (leader === undefined) throw new RangeError("Nothing is scraped");
  // Under a second name, as for a scrape interval after a takeover: nothing may count twice.
  const jobs = [...scraped, { ...leader, host: "localhost" }];
  const prometheus = stack.use(await startPrometheus(jobs, "1s"));
  await eventually("everything is scraped, and again", async () => {
    return (await prometheus.query("sum_over_time(up[1m]) >= 2")).length === jobs.length;
  });
  await programs.useWebhook();
  await eventually("what has happened is scraped", async () => {
    const grown = "sum(increase(webhook_final_scrape_reports_rejected_total[30s])) > 0";
    return (await prometheus.query(grown)).length === 1;
  });
  return { prometheus, programs };
}

/** An expression as Grafana sends it, with all load balancers but one chosen as the selected one. */
function inPlace(expr: string, selected: string): string {
  return withTimes(expr, { rate: "20s", range: "1m" })
    .replaceAll("$selected_lb", selected)
    .replaceAll(/\$[a-z]\w*/g, ".*");
}

/** Each of them can be the selected one; what one dialect tells and the other does not is found for some. */
async function balancerNames(prometheus: RunningPrometheus): Promise<readonly string[]> {
  const found = await prometheus.query("group by (lb_name) (ktcloud_lb_info)");
  return found.map(({ metric }) => metric["lb_name"] ?? "");
}

/** The results of a panel's queries, over the given load balancers. */
async function ask(prometheus: RunningPrometheus, panel: DashboardPanel, names: readonly string[]) {
  const answers: Sample[][] = [];
  for (const { expr } of panel.targets ?? []) {
    const queries = new Set(names.map((name) => inPlace(expr, name)));
    const found = await Promise.all([...queries].map((query) => prometheus.query(query)));
    answers.push(found.flat());
  }
  return answers;
}

const label = (pattern: string, { metric }: Sample) =>
  pattern.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => metric[name] ?? "");

/** What is wrong with what a panel would show. */
function judge(panel: DashboardPanel, answers: readonly (readonly Sample[])[]): readonly string[] {
  const { targets = [], type, fieldConfig, transformations = [] } = panel;
  const problems: string[] = [];
  const legends = new Set<string>();
  for (const [index, { expr, legendFormat }] of targets.entries()) {
    const samples = answers[index] ?? [];
    if (!samples.some(({ value }) => !Number.isNaN(value))) problems.push(`finds nothing: ${expr}`);
    for (const sample of samples) legends.add(label(legendFormat, sample));
    for (const [, name = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      const known = samples.some(({ metric }) => name in metric) || OF_KUBERNETES.includes(name);
      if (!known) problems.push(`has no label ${name} for its legend: ${expr}`);
    }
  }
  if (type !== "table") {
    const styled = fieldConfig?.overrides.map(({ matcher }) => matcher.options) ?? [];
    const absent = styled.filter((name) => !legends.has(name));
    return [...problems, ...absent.map((name) => `styles ${name}, which never comes`)];
  }
  const labels = new Set(answers.flat().flatMap(({ metric }) => Object.keys(metric)));
  const columns = transformations.flatMap(({ options }) => Object.keys(options.indexByName ?? {}));
  const empty = columns.filter((name) => !name.startsWith("Value") && !labels.has(name));
  return [...problems, ...empty.map((name) => `has no label ${name} for its column`)];
}

/** One number of a stat, or `undefined` where it shows that it is not known. */
async function read(prometheus: RunningPrometheus, title: string): Promise<number | undefined> {
  const panel = dashboards.flatMap(({ panels }) => panels).find((one) => one.title === title);
  if (panel === undefined) throw new RangeError(`No panel is called ${title}`);
  const [[sample] = []] = await ask(prometheus, panel, [""]);
  return sample?.value;
}

async function problemsOf(
  prometheus: RunningPrometheus,
  { file, panels, templating }: DashboardFile,
) {
  const names = await balancerNames(prometheus);
  const problems: unknown[] = [];
  for (const panel of panels.filter(({ targets }) => targets !== undefined)) {
    const wrong = judge(panel, await ask(prometheus, panel, names));
    if (wrong.length > 0) problems.push({ file, panel: panel.title, wrong });
  }
  for (const { name, type, query } of templating.list) {
    if (type !== "query" || OF_KUBERNETES.includes(name)) continue;
    const text = typeof query === "string" ? query : query.query;
    const found = await prometheus.query(inPlace(variableExpression(text), ""));
    if (!found.some(({ metric }) => Object.keys(metric).length === 1))
      problems.push({ file, name });
  }
  return problems;
}

describe("the dashboards", () => {
  test("ask nothing that finds no series, and name what they find", async () => {
    await using stack = new AsyncDisposableStack();
    const { prometheus } = await startAll(stack);
    for (const dashboard of dashboards) {
      expect(await problemsOf(prometheus, dashboard)).toEqual([]);
    }
  });

  test("count nothing twice after a takeover, and show a cloud that is down as not known, never as zero", async () => {
    await using stack = new AsyncDisposableStack();
    const { prometheus, programs } = await startAll(stack);
    const now = (title: string) => read(prometheus, title);
    await eventually("six of each zone", async () => (await now("Load balancers")) === 12);
    expect(await now("Zones not answering")).toBe(0);
    await programs.setKnobs({ faults: [{ kind: "status", status: 503, body: "html" }] });
    await eventually("both zones are down", async () => (await now("Zones not answering")) === 2);
    const gone = async () => (await now("Load balancers")) === undefined;
    await eventually("what was known has ended", gone, 30_000);
    expect(await now("Load balancers down")).toBeUndefined();
    expect(await now("Servers down")).toBeUndefined();
    const [failed] = await prometheus.query(
      'sum(increase(ktcloud_api_errors_total{class="http"}[1m])) > 0',
    );
    expect(failed?.value).toBeGreaterThan(0);
  });
});
