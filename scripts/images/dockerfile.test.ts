/** What no build shows: from what images are made, what they are made of, and that docs/ says the same. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { contextPaths, INSTALL } from "./copy.ts";

const ROOT = join(import.meta.dir, "../..");
const read = async (path: string) => await Bun.file(join(ROOT, path)).text();

const dockerfile = await read("Dockerfile");
const page = await read("docs/images.md");
const PINNED = /^([\w./-]+:[\w.-]+)@(sha256:[0-9a-f]{64})$/;

/** Of an argument with a default. */
function argument(name: string): string {
  return new RegExp(`^ARG ${name}=(.*)$`, "m").exec(dockerfile)?.[1] ?? "";
}

describe.each(["BUILD_IMAGE", "BASE_IMAGE"])("%s", (name) => {
  const [, tagged = "", digest = ""] = PINNED.exec(argument(name)) ?? [];

  test("is pinned by digest, and names the tag that it was", () => {
    expect(argument(name)).toMatch(PINNED);
  });

  test("is what docs/images.md names, in the table and from another registry", () => {
    const [, told] =
      new RegExp(`^\\| \`${name}\` \\| \`(.*?)\`, by digest \\|`, "m").exec(page) ?? [];
    expect(told).toBe(tagged.replace("docker.io/library/", ""));
    const mirrored = new RegExp(`--build-arg ${name}=registry\\.example\\.com/\\S+@(\\S+)`);
    expect(mirrored.exec(page)?.[1]).toBe(digest);
  });
});

test("the stages start from these two and from nothing else", () => {
  const stages = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(
    ([, one]) => one,
  );
  expect(stages).toEqual(["${BUILD_IMAGE}", "${BASE_IMAGE}"]);
});

test("the application of e2e/cluster has the same base", async () => {
  const [, from] = /^FROM (.*)$/m.exec(await read("e2e/cluster/Dockerfile")) ?? [];
  expect(from).toBe(argument("BASE_IMAGE"));
});

test("both Debian images are of one release", () => {
  expect(argument("BUILD_IMAGE")).toContain("-trixie-");
  expect(argument("BASE_IMAGE")).toContain("-debian13:");
});

test("everything is installed by its hash, and nothing that only development needs", () => {
  expect(INSTALL).toContain("--frozen-lockfile");
  expect(INSTALL).toContain("--production");
  const runs = [...dockerfile.matchAll(/^RUN (.*install.*|npm .*)$/gm)].map(([, line]) => line);
  expect(runs).toEqual([
    "npm ci --prefix=/bun --ignore-scripts --no-audit --no-fund",
    `/bun/node_modules/@oven/bun-*/bin/bun ${INSTALL.join(" ").replace("=*", "='*'")}`,
  ]);
  // npx would fetch what is not there.
  expect(dockerfile).not.toMatch(/npx (?!bun scripts\/)/);
});

test("docs/images.md names the image's user and group", () => {
  const [, user, group] = /^USER (\d+):(\d+)$/m.exec(dockerfile) ?? [];
  expect(user).toBe(group);
  expect(page).toContain(`User and group ${user}, by number`);
  expect(page.match(/\b65\d{3}\b/g)?.filter((other) => other !== user)).toEqual([]);
});

test("the build context is what executables are made of", async () => {
  expect(await contextPaths()).toEqual([
    "LICENSE",
    "package.json",
    "bun.lock",
    "bunfig.toml",
    "tsconfig.json",
    "scripts/build.ts",
    "scripts/bun",
    "scripts/licences",
    "shared",
    "webhook",
    "sidecar",
    "exporter",
  ]);
  const lines = (await read(".dockerignore")).split("\n").filter((line) => /^[^#!]/.test(line));
  expect(lines).toEqual(["*", "**/*.test.ts", "**/testing", "**/testdata"]);
});
