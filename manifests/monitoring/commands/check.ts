/** What docs and alerts tell people to run in our containers is there: the program in its image, the file in its mount. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { render } from "../../render.ts";
import { type Command, commandsIn, programsIn, quotedIn } from "./commands.ts";

const ROOT = join(import.meta.dir, "../../..");

const read = (path: string) => Bun.file(join(ROOT, path)).text();
const programs = programsIn(await read("Dockerfile"));
const pages = ["README.md", "docs/*.md", "manifests/**/*.md"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)])
  .sort();
const commands = (
  await Promise.all(pages.map(async (page) => located(page, commandsIn(await read(page)))))
).flat();
const quoted = (await Promise.all(["lb-exporter", "final-scrape"].map(readRules))).flat();

function located(where: string, found: readonly Command[]) {
  return found.map((command) => ({ where, ...command }));
}

async function readRules(name: string) {
  const { spec } = (await render(`monitoring/rules/${name}`)).one("PrometheusRule");
  const { groups } = spec as unknown as {
    readonly groups: readonly {
      readonly rules: readonly { alert: string; annotations: Record<string, string> }[];
    }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules);
  return alerts.flatMap(({ alert, annotations }) =>
    located(alert, quotedIn(Object.values(annotations).join("\n"))),
  );
}

test("there is something to check", () => {
  expect(programs).toHaveLength(3);
  expect(commands.map(({ where }) => where)).toContain("docs/runbooks.md");
  expect(quoted.map(({ where }) => where)).toContain("KTCloudZoneDown");
});

test.each([...commands, ...quoted])("$where: an image has the program of: $text", ({ program }) => {
  expect(programs).toContain(program);
});

test.each(commands.filter(({ files }) => files.length > 0))(
  "$where: the files are mounted of: $text",
  async ({ files }) => {
    const rendered = await render("exporter/examples/accounts");
    const mounted = rendered
      .workloads()
      .flatMap(({ spec }) => spec.containers)
      .flatMap(({ volumeMounts = [], args = [] }) => [
        ...volumeMounts.map(({ mountPath }) => mountPath),
        ...args,
      ]);
    for (const file of files) {
      expect(mounted.some((one) => one === file || one.endsWith(`=${file}`))).toBe(true);
    }
  },
);
