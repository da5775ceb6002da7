/** What panels say: the value of known series by promtool, its colour, and tables with one row for each thing. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "../../../../shared/testing/process.ts";
import { withTimes } from "../../queries/expressions.ts";
import { COLORS } from "./colors.ts";
import { VALUES } from "./values.ts";

interface Mapping {
  readonly options: Readonly<Record<string, { readonly color: string }>>;
}

interface Thresholds {
  readonly steps: readonly { readonly value: number | null; readonly color: string }[];
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly transformations?: readonly { readonly id: string }[];
  readonly fieldConfig: {
    readonly defaults: { readonly mappings: readonly Mapping[]; readonly thresholds: Thresholds };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

const FOLDER = join(import.meta.dir, "..");

const files = [...new Bun.Glob("*/*.json").scanSync(FOLDER)].sort();
const panels = await Promise.all(
  files.map(async (file) => {
    const { panels: all } = (await Bun.file(join(FOLDER, file)).json()) as { panels: Panel[] };
    return [file, all] as const;
  }),
);
const directory = await mkdtemp(join(tmpdir(), "meanings-"));
afterAll(() => rm(directory, { recursive: true }));

/** The panels of a title: a table and a number may share one. */
function panelsOf(file: string, title: string): readonly Panel[] {
  const found = (panels.find(([name]) => name === file)?.[1] ?? []).filter(
    (one) => one.title === title && one.targets !== undefined,
  );
  if (found.length === 0) throw new RangeError(`${file} has no panel ${title}`);
  return found;
}

function colorOf(panel: Panel, field: string | undefined, value: number | string) {
  const override = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === field);
  const { mappings, thresholds } = panel.fieldConfig.defaults;
  const own = override?.properties.find(({ id }) => id === "mappings")?.value ?? mappings;
  if (typeof value === "string") return (own as readonly Mapping[])[0]?.options[value]?.color;
  // As Grafana does it: the last step that the value reaches, in the order of the list.
  return thresholds.steps.findLast((step) => value >= (step.value ?? Number.NEGATIVE_INFINITY))
    ?.color;
}

test.each(VALUES)("$file: $panel: $what", async ({ file, panel: title, series, value }) => {
  const [panel] = panelsOf(file, title).filter(({ type }) => type === "stat");
  const [{ expr } = { expr: "" }, ...others] = panel?.targets ?? [];
  expect(others).toEqual([]);
  const input = Object.entries(series).map(([name, at]) => ({
    series: name,
    values: typeof at === "number" ? `${at}x60` : `0${at}x60`,
  }));
  const sample = { eval_time: "30m", expr: withTimes(expr.replaceAll(/\$(?!_)\w+/g, ".*")) };
  const exp_samples = value === undefined ? [] : [{ labels: "{}", value }];
  const tests = [
    { interval: "1m", input_series: input, promql_expr_test: [{ ...sample, exp_samples }] },
  ];
  const path = join(directory, "tests.yaml");
  await Bun.write(path, JSON.stringify({ rule_files: [], tests }));
  const { code, stdout, stderr } = await runProcess(["promtool", "test", "rules", path]);
  expect({ code, said: code === 0 ? "" : `${stdout}${stderr}` }).toEqual({ code: 0, said: "" });
});

test.each(COLORS)("$file: $panel has the colours of what it means", (judged) => {
  const { file, panel: title, field, colors } = judged;
  const wanted = field === undefined ? (one: Panel) => one.type !== "table" : hasField(field);
  const [panel] = panelsOf(file, title).filter(wanted);
  if (panel === undefined) throw new RangeError(`${title} has no ${field}`);
  expect(colors.map(([value]) => [value, colorOf(panel, field, value)])).toEqual(
    colors.map(([value, color]) => [value, color]),
  );
});

function hasField(name: string) {
  return ({ fieldConfig }: Panel) =>
    fieldConfig.overrides.some(({ matcher }) => matcher.options === name);
}

describe.each(panels)("%s", (_file, all) => {
  test("has thresholds that rise, from minus infinity", () => {
    for (const { title, fieldConfig } of all.filter(({ type }) => type !== "row")) {
      const values = fieldConfig.defaults.thresholds.steps.map(({ value }) => value);
      expect({ title, first: values[0] }).toEqual({ title, first: null });
      const rest = values.slice(1).map(Number);
      expect({ title, rest }).toEqual({ title, rest: rest.toSorted((a, b) => a - b) });
    }
  });

  test("has tables with one row for each thing, whatever the number of their queries", () => {
    for (const { title, transformations } of all.filter(({ type }) => type === "table")) {
      const ids = transformations?.map(({ id }) => id);
      expect({ title, ids }).toEqual({ title, ids: ["merge", "organize"] });
    }
  });
});
