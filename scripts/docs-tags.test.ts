/** The tags that docs/ tells are those that are published. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { stageOf } from "./pipeline/stage.ts";

const ROOT = join(import.meta.dir, "..");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

const tagsOf = (branch: string) => stageOf(`refs/heads/${branch}`, COMMIT)?.tags ?? [];

test.each(["develop", "main"])("docs/release.md has the tags of %s", async (branch) => {
  const page = await Bun.file(join(ROOT, "docs/release.md")).text();
  const row = page.split("\n").find((line) => line.startsWith(`| branch \`${branch}\` |`)) ?? "";
  const told = tagsOf(branch).map((tag) => `\`${tag.replace(COMMIT.slice(0, 12), "<12 hex>")}\``);
  expect(row).toContain(`| ${told.join(", ")} |`);
});

test("no page names a moving tag that no branch has", async () => {
  const known = new Set(["develop", "main"].flatMap(tagsOf));
  const strangers: string[] = [];
  for await (const path of new Bun.Glob("{README.md,docs/**/*.md,manifests/**/*.md}").scan(ROOT)) {
    const text = await Bun.file(join(ROOT, path)).text();
    for (const [tag] of text.matchAll(/\b[a-z]+-latest\b/g)) {
      if (!known.has(tag)) strangers.push(`${path}: ${tag}`);
    }
  }
  expect(strangers).toEqual([]);
});
