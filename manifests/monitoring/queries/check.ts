/** Each PromQL expression in manifests/ asks only for metrics and labels that the real programs export. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { readExported } from "./exported.ts";
import { expressionsOf, readDashboards, readRules } from "./expressions.ts";
import { judge } from "./judge.ts";
import { fetchPage, startPrograms } from "./programs.ts";

setDefaultTimeout(90_000);

const ROOT = join(import.meta.dir, "../../..");

const dashboards = await readDashboards();
const rules = await readRules();
const recorded = rules.flatMap((one) => one.recorded);
const exported = await readAll();

function fromSource(component: string): readonly string[] {
  return [process.execPath, join(ROOT, component, "main.ts")];
}

async function readAll() {
  await using stack = new AsyncDisposableStack();
  const { scraped } = await startPrograms(stack, fromSource);
  const pages = scraped.map(async (one) => ({ job: one.job, text: await fetchPage(one) }));
  return readExported(await Promise.all(pages));
}

const sources = [
  ...dashboards.map((one) => [one.file, expressionsOf(one)] as const),
  ...rules.map(({ file, expressions }) => [file, expressions] as const),
];

test("there is something to check", () => {
  expect(dashboards.length).toBeGreaterThan(0);
  expect([...exported.keys()]).toEqual(
    expect.arrayContaining([
      "ktcloud_lb_info",
      "exporter_leader",
      "webhook_final_scrape_wait_seconds_bucket",
    ]),
  );
});

test.each(sources)("every expression of %s asks for what is exported", (_file, expressions) => {
  expect(expressions).not.toBeEmpty();
  const problems = expressions.map(({ where, expr }) => {
    return { where, problems: judge(expr, { exported, recorded }) };
  });
  expect(problems.filter((one) => one.problems.length > 0)).toEqual([]);
});
