/**
 * The alerts as kubectl renders them: promtool takes them and their tests hold, and each has what somebody who is
 * paged needs: a severity, words, a section in docs/runbooks.md, and a test that has seen it fire.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "../../../shared/testing/process.ts";
import { render } from "../../render.ts";

type Labels = Readonly<Record<string, string>>;

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** The part of promtool's test files that is read here. */
interface TestFile {
  readonly rule_files: readonly string[];
  readonly tests: readonly { readonly alert_rule_test?: readonly AlertTest[] }[];
}

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly { readonly exp_labels: Labels }[];
}

/** What stands before the # of each runbook_url in the sources; the base URL of a copy takes its place. */
const RUNBOOKS = "docs/runbooks.md";

/** Labels that some series are without; the words of an alert leave them out then. */
const OPTIONAL_LABELS = new Set(["account"]);

const base = await readBase();
const products = await Promise.all(["lb-exporter", "final-scrape"].map(readProduct));

afterAll(async () => {
  await Promise.all(products.map(({ folder }) => rm(folder, { recursive: true })));
});

describe.each(products)("manifests/monitoring/rules/$name", (product) => {
  const { name, alerts, expected, testFiles, folder } = product;

  test("is a PrometheusRule that kube-prometheus-stack takes", () => {
    const labels = {
      release: "prometheus",
      "app.kubernetes.io/name": name,
      "app.kubernetes.io/component": "alerts",
      "app.kubernetes.io/part-of": "prometheus-whole-scrape",
    };
    const annotations = { runbooks: base };
    expect(product.metadata).toEqual({ name, namespace: "monitoring", labels, annotations });
  });

  test("has nothing that promtool finds fault with", async () => {
    await promtool(folder, ["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"]);
  });

  test("fires in the tests when it should, in the words that it should, and not otherwise", async () => {
    await promtool(folder, ["test", "rules", ...testFiles]);
  }, 120_000);

  test.each(alerts)("has seen $alert ($labels.severity) fire", ({ alert, labels, annotations }) => {
    const seen = expected
      .filter((one) => one.alert === alert)
      .map((one) => one.labels)
      .filter(({ severity }) => severity === labels.severity);
    expect(seen).not.toBeEmpty();
    // A label that the alert does not have reads as an empty one.
    const own = new Set(seen.flatMap((one) => Object.keys(one)));
    const spoken = labelsIn(Object.values(annotations).join("\n"));
    expect(spoken.filter((one) => !own.has(one) && !OPTIONAL_LABELS.has(one))).toEqual([]);
  });

  test("has seen each alert silent too, and asks for none that does not exist", () => {
    const names = new Set(alerts.map(({ alert }) => alert));
    expect(new Set(expected.map(({ alert }) => alert))).toEqual(names);
    expect(new Set(product.silent)).toEqual(names);
  });

  test.each(alerts)("gives $alert ($labels.severity) all that a page needs", (alert) => {
    const { labels, annotations } = alert;
    expect(alert.for).toMatch(/^\d+[mh]$/);
    expect(labels).toEqual({
      severity: expect.stringMatching(/^(critical|warning|info)$/),
      component: name,
    });
    expect(annotations).toEqual({
      summary: expect.stringMatching(/^[A-Z].*\.$/),
      description: expect.stringMatching(/\.$/),
      runbook_url: `${base}#${alert.alert.toLowerCase()}`,
    });
  });

  test.each(alerts)("looks for $alert in whatever namespace the product is", ({ expr }) => {
    expect(expr).not.toMatch(/\bnamespace\s*(=|!=|=~|!~)\s*"/);
  });

  test.each(alerts)("counts for $alert over four scrapes at least", ({ expr }) => {
    for (const [, minutes] of expr.matchAll(/(?:increase|rate|changes)\([^[]*\[(\d+)m\]/g)) {
      expect(Number(minutes)).toBeGreaterThanOrEqual(4);
    }
  });
});

test("docs/runbooks.md has a section for each alert, in their order, and no other", async () => {
  const text = await Bun.file(join(import.meta.dir, "../../..", RUNBOOKS)).text();
  const sections = [...text.matchAll(/^### (.+)$/gm)].map(([, title]) => title ?? "");
  const names = products.flatMap(({ alerts }) => alerts.map(({ alert }) => alert));
  expect(sections).toEqual([...new Set(names)]);
});

/** One rule and its tests, laid side by side for promtool. */
async function readProduct(name: string) {
  const rendered = await render(`monitoring/rules/${name}`);
  expect(rendered.objects).toHaveLength(1);
  const { metadata, spec } = rendered.one("PrometheusRule");
  const { groups } = spec as unknown as { readonly groups: readonly { rules: Alert[] }[] };
  const folder = await mkdtemp(join(tmpdir(), `rules-${name}-`));
  await cp(join(import.meta.dir, name, "tests"), folder, { recursive: true });
  const testFiles = [...new Bun.Glob("*.yaml").scanSync(folder)].sort();
  // So that the tests need not name the base URL.
  const text = JSON.stringify(spec, null, 2).replaceAll(`${base}#`, `${RUNBOOKS}#`);
  await Bun.write(join(folder, "rules.yaml"), text);
  const tests = (await Promise.all(testFiles.map((file) => readTests(join(folder, file))))).flat();
  return {
    name,
    metadata,
    alerts: groups.flatMap(({ rules }) => rules),
    folder,
    testFiles,
    expected: tests.flatMap(({ alertname, exp_alerts }) =>
      exp_alerts.map(({ exp_labels }) => ({ alert: alertname, labels: exp_labels })),
    ),
    silent: tests.filter((one) => one.exp_alerts.length === 0).map(({ alertname }) => alertname),
  };
}

async function readTests(path: string): Promise<readonly AlertTest[]> {
  const file = Bun.YAML.parse(await Bun.file(path).text()) as TestFile;
  expect(file.rule_files).toEqual(["rules.yaml"]);
  return file.tests.flatMap((one) => one.alert_rule_test ?? []);
}

async function readBase(): Promise<string> {
  const path = join(import.meta.dir, "components/runbook-url/kustomization.yaml");
  const component = Bun.YAML.parse(await Bun.file(path).text()) as {
    readonly commonAnnotations: { readonly runbooks: string };
  };
  return component.commonAnnotations.runbooks;
}

/** The labels that a template speaks of. */
function labelsIn(template: string): string[] {
  return [...template.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? "");
}

/** Throws with what promtool says where it finds fault. */
async function promtool(cwd: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProcess(["promtool", ...args], { cwd });
  if (code !== 0) throw new Error(`promtool ${args.slice(0, 2).join(" ")}:\n${stdout}${stderr}`);
}
