/** The scripts that ask GitHub, against a gh that records how it was called. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "../../shared/testing/process.ts";

/** It knows releases, pull requests and branches as the test says. */
const GH = `#!/bin/sh
echo "$@" >> "$CALLS"
case "$1 $2" in
  "release view") test -n "$DRAFT" || { echo "release not found" >&2; exit 1; }; echo "$DRAFT" ;;
  "release download") printf '%s' "$PUBLISHED" ;;
  "pr list") echo "$OPEN" ;;
  "api "*) test -n "$HEAD" || { echo "Not Found" >&2; exit 1; }; echo "$HEAD" ;;
esac
`;

const SUMS = "0123  a\n";

let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "github-test-"));
  await writeFile(join(directory, "gh"), GH);
  await chmod(join(directory, "gh"), 0o755);
  await Bun.write(join(directory, "files/SHA256SUMS"), SUMS);
  await Bun.write(join(directory, "files/a"), "");
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function run(script: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const CALLS = join(directory, "calls");
  const GITHUB_OUTPUT = join(directory, "output");
  for (const path of [CALLS, GITHUB_OUTPUT]) await writeFile(path, "");
  const { code, stdout, stderr } = await runProcess([join(import.meta.dir, script), ...args], {
    cwd: directory,
    env: { PATH: `${directory}:${process.env.PATH}`, CALLS, GITHUB_OUTPUT, ...env },
  });
  const calls = (await Bun.file(CALLS).text()).trim().split("\n");
  return { code, stdout, stderr, calls, output: await Bun.file(GITHUB_OUTPUT).text() };
}

describe("github-release.sh", () => {
  const release = async (env: { readonly DRAFT: string; readonly PUBLISHED?: string }) =>
    await run("github-release.sh", ["v1.2.3", "notes.md", "files"], env);
  const view = "release view v1.2.3 --json isDraft --jq .isDraft";
  const download = "release download v1.2.3 --pattern SHA256SUMS --output -";
  const rest = [
    "release upload v1.2.3 --clobber files/SHA256SUMS files/a",
    "release edit v1.2.3 --draft=false --notes-file notes.md",
  ];

  test("makes a draft of a tag that is there, fills it, and publishes it last", async () => {
    const { code, calls } = await release({ DRAFT: "" });
    const create =
      "release create v1.2.3 --draft --verify-tag --title v1.2.3 --notes-file notes.md";
    expect({ code, calls }).toEqual({ code: 0, calls: [view, create, ...rest] });
  });

  test("completes the draft that an earlier run has left", async () => {
    const { code, calls } = await release({ DRAFT: "true" });
    expect({ code, calls }).toEqual({ code: 0, calls: [view, ...rest] });
  });

  test("leaves a release that is out as it is, and ends well if these are its files", async () => {
    const { code, stdout, calls } = await release({ DRAFT: "false", PUBLISHED: SUMS });
    expect({ code, calls }).toEqual({ code: 0, calls: [view, download] });
    expect(stdout).toBe("v1.2.3 is out already, with the same files.\n");
  });

  test.each(["4567  a\n", `${SUMS}89ab  b\n`, ""])(
    "fails where a release is out that says %j of its files, and changes nothing",
    async (PUBLISHED) => {
      const { code, stderr, calls } = await release({ DRAFT: "false", PUBLISHED });
      expect({ code, calls }).toEqual({ code: 1, calls: [view, download] });
      expect(stderr).toContain("v1.2.3 is out, with other files");
    },
  );
});

describe("newest.sh", () => {
  const newest = async (HEAD: string) =>
    await run("newest.sh", [], {
      HEAD,
      GITHUB_REPOSITORY: "team/scrape",
      GITHUB_REF: "refs/heads/main",
      GITHUB_SHA: "0123",
    });

  test("says that the commit is the branch's last one", async () => {
    const { code, stdout, output, calls } = await newest("0123");
    expect({ code, stdout, output }).toEqual({ code: 0, stdout: "", output: "newest=true\n" });
    expect(calls).toEqual(["api repos/team/scrape/git/ref/heads/main --jq .object.sha"]);
  });

  test("says that the branch has moved on, and where to", async () => {
    const { code, stdout, output } = await newest("4567");
    expect({ code, output }).toEqual({ code: 0, output: "newest=false\n" });
    expect(stdout).toStartWith("::notice::main is at 4567 by now");
  });

  test("fails where GitHub does not say, and claims nothing", async () => {
    const { code, output } = await newest("");
    expect({ code, output }).toEqual({ code: 1, output: "" });
  });
});

describe("open-pull-request.sh", () => {
  const open = async (OPEN: string) =>
    await run("open-pull-request.sh", ["release-v1.2.3", "v1.2.3"], {
      OPEN,
      GITOPS_REPO: "team/gitops",
    });

  test("opens one to main", async () => {
    const { code, calls } = await open("0");
    expect(code).toBe(0);
    const create = "pr create --repo team/gitops --head release-v1.2.3 --base main --title v1.2.3";
    expect(calls[1]).toStartWith(create);
  });

  test("opens no second one", async () => {
    const { code, calls } = await open("1");
    expect({ code, calls }).toEqual({ code: 0, calls: [expect.stringMatching(/^pr list /)] });
  });
});
