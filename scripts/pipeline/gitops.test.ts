import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { $ } from "bun";
import { runProcess } from "../../shared/testing/process.ts";
import { isOnGitHub, pushChange, remoteUrl, runGit } from "./gitops.ts";

const TOKEN = "a-token-of-the-test";
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const DEV = "manifests/exporter/overlays/dev/kustomization.yaml";
const PROD = [
  "manifests/exporter/overlays/prod/kustomization.yaml",
  "manifests/webhook/kustomization.yaml",
  "manifests/webhook/self-signed/kustomization.yaml",
];

let home = "";
let bare = "";
let count = 0;

/** git without anybody's configuration. */
const env = () => ({
  PATH: process.env.PATH ?? "",
  HOME: home,
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@localhost",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@localhost",
});

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "gitops-test-"));
});

afterAll(async () => {
  await rm(home, { recursive: true });
});

/** A repository with every overlay, each without an image. */
beforeEach(async () => {
  count += 1;
  bare = join(home, `${count}.git`);
  await $`git init --quiet --bare --initial-branch=main ${bare}`.env(env());
  const files = [DEV, ...PROD].map((path) => [path, "kind: Kustomization\n"] as const);
  await commitElsewhere(Object.fromEntries(files));
});

/** What somebody else pushes. */
async function commitElsewhere(files: Readonly<Record<string, string>>): Promise<void> {
  const clone = await mkdtemp(join(home, "else-"));
  await $`git clone --quiet ${bare} .`.cwd(clone).env(env()).quiet();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await Bun.write(join(clone, path), text);
  }
  await $`git add --all && git commit --quiet --message elsewhere && git push --quiet origin HEAD:main`
    .cwd(clone)
    .env(env());
}

async function inRemote(what: string): Promise<string> {
  return await $`git -C ${bare} show ${what}`.env(env()).text();
}

const subjects = async (branch = "main") =>
  (await $`git -C ${bare} log --format=%s ${branch}`.env(env()).text()).trim().split("\n");

const remote = () => ({ url: `file://${bare}`, token: TOKEN });
const write = (path: string, text: string) => async (checkout: string) => {
  await Bun.write(join(checkout, path), text);
};

describe("pushChange()", () => {
  test("commits what was edited to main", async () => {
    const result = await pushChange(remote(), { edit: write("a", "1\n"), message: "one\n\nmore" });
    expect(result).toEqual({ kind: "pushed", commit: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(await inRemote("main:a")).toBe("1\n");
    expect(await subjects()).toEqual(["one", "elsewhere"]);
  });

  test("makes no commit where there is nothing to change", async () => {
    const change = { edit: write("a", "1\n"), message: "one" };
    await pushChange(remote(), change);
    expect(await pushChange(remote(), change)).toEqual({ kind: "same" });
    expect(await subjects()).toHaveLength(2);
  });

  test("edits anew on top of what somebody else has pushed in between", async () => {
    let edits = 0;
    const edit = async (checkout: string) => {
      edits += 1;
      if (edits < 3) await commitElsewhere({ theirs: `${edits}\n` });
      await Bun.write(join(checkout, "ours"), `edit ${edits}\n`);
    };
    expect(await pushChange(remote(), { edit, message: "ours" })).toMatchObject({ kind: "pushed" });
    expect([await inRemote("main:ours"), await inRemote("main:theirs")]).toEqual([
      "edit 3\n",
      "2\n",
    ]);
    expect(await subjects()).toEqual(["ours", "elsewhere", "elsewhere", "elsewhere"]);
  });

  test("gives up after five lost races", async () => {
    let edits = 0;
    const edit = async (checkout: string) => {
      edits += 1;
      await commitElsewhere({ theirs: `${edits}\n` });
      await Bun.write(join(checkout, "ours"), "1\n");
    };
    const pushing = pushChange(remote(), { edit, message: "ours" });
    expect(pushing).rejects.toThrow("git push failed");
    await pushing.catch(() => undefined);
    expect(edits).toBe(5);
  }, 30_000);

  test("replaces a branch of its own, and leaves main alone", async () => {
    for (const text of ["1\n", "2\n"]) {
      await pushChange(remote(), { edit: write("a", text), message: text, branch: "release-v1" });
    }
    expect(await inRemote("release-v1:a")).toBe("2\n");
    expect(await subjects("release-v1")).toEqual(["2", "elsewhere"]);
    expect(await subjects()).toEqual(["elsewhere"]);
  });

  test("does not try again what will not get better, and says what git says", async () => {
    let edits = 0;
    await Bun.write(join(bare, "hooks/pre-receive"), "#!/bin/sh\necho no entry\nexit 1\n");
    await $`chmod +x ${join(bare, "hooks/pre-receive")}`;
    const edit = async (checkout: string) => {
      edits += 1;
      await Bun.write(join(checkout, "a"), "1\n");
    };
    const pushing = pushChange(remote(), { edit, message: "one" });
    expect(pushing).rejects.toThrow("no entry");
    await pushing.catch(() => undefined);
    expect(edits).toBe(1);
  });
});

describe("the token", () => {
  test("is what git's credential helper gives, and is in no configuration", async () => {
    const fill = ["credential", "fill"];
    const script = `printf 'protocol=https\\nhost=git.example.com\\n\\n' | git "$@"`;
    const config = await runGit(remote(), ["config", "--list"]);
    const helpers = [...config.matchAll(/^credential\.helper=(.*)$/gm)].map(([, one = ""]) => one);
    expect(helpers.slice(-2)).toEqual(["", expect.stringContaining("$GITOPS_TOKEN")]);
    expect(config).not.toContain(TOKEN);
    const args = helpers.slice(-2).flatMap((helper) => ["-c", `credential.helper=${helper}`]);
    const { stdout } = await runProcess(["sh", "-c", script, "sh", ...args, ...fill], {
      env: { HOME: home, GITOPS_TOKEN: TOKEN },
    });
    expect(stdout).toContain(`username=x-access-token\npassword=${TOKEN}\n`);
  });
});

describe("remoteUrl()", () => {
  test.each([
    ["team/gitops", "https://github.com/team/gitops.git"],
    ["https://git.example.com/team/gitops.git", "https://git.example.com/team/gitops.git"],
  ])("of %s is %s", (repository, url) => {
    expect(remoteUrl(repository)).toBe(url);
  });

  test.each([
    "gitops",
    "a/b/c",
    "http://git.example.com/team/gitops",
    "git@git.example.com:team/gitops",
    "https://somebody@git.example.com/team/gitops",
    "--upload-pack=x/y z",
  ])("refuses %s, and does not say it again", (repository) => {
    expect(() => remoteUrl(repository)).toThrow(RangeError);
    expect(() => remoteUrl(repository)).not.toThrow(repository);
  });
});

describe("isOnGitHub()", () => {
  test.each([
    ["https://github.com/team/gitops.git", true],
    ["https://git.example.com/team/gitops.git", false],
    ["https://github.com.example.com/team/gitops.git", false],
    ["file:///github.com/gitops.git", false],
  ])("of %s is %p", (url, expected) => {
    expect(isOnGitHub(url)).toBe(expected);
  });
});

describe("update-overlay.ts", () => {
  const script = join(import.meta.dir, "update-overlay.ts");
  const image = (name: string) => `${name}=registry.example.com/${name}:develop-latest@${DIGEST}`;
  const all = ["lb-exporter", "prometheus-metrics-proxy-hook", "prometheus-metrics-proxy"].map(
    image,
  );
  const update = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    await runProcess(["bun", script, ...args], { env: { ...env(), ...more } });
  const secrets = () => ({ GITOPS_REPO: `file://${bare}`, GITOPS_TOKEN: TOKEN });

  test("edits a checkout", async () => {
    const checkout = await mkdtemp(join(home, "checkout-"));
    await mkdir(dirname(join(checkout, DEV)), { recursive: true });
    await Bun.write(join(checkout, DEV), "kind: Kustomization\n");
    const outcome = await update(["--environment=dev", `--checkout=${checkout}`, ...all]);
    expect(outcome).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await Bun.file(join(checkout, DEV)).text()).toContain(`digest: ${DIGEST}\n`);
  });

  test("pushes tag and digest, names the commit they were built from, and shows no token", async () => {
    const output = join(home, "output");
    await Bun.write(output, "");
    const { code, stdout, stderr } = await update(["--environment=dev", "--push", ...all], {
      ...secrets(),
      GITHUB_OUTPUT: output,
      GITHUB_REPOSITORY: "team/scrape",
      GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^dev: pushed [0-9a-f]{40} to main\.\n$/);
    const commit = await inRemote("main");
    expect(commit).toContain("deploy(dev): develop-latest");
    expect(commit).toContain("Built from team/scrape@0123456789abcdef0123456789abcdef01234567.");
    expect(commit).toContain(`+    digest: ${DIGEST}`);
    expect(commit).not.toContain(TOKEN);
    expect(await Bun.file(output).text()).toBe("");
  });

  test("writes the exporter and the webhook of production together, on a branch", async () => {
    await update(["--environment=prod", "--branch=release-v1", ...all], secrets());
    for (const path of PROD) expect(await inRemote(`release-v1:${path}`)).toContain(DIGEST);
  });

  test.each([
    ["github.com", "https://github.com/team/gitops.git", "pull-request=true\n"],
    ["another server", "https://git.example.com/team/gitops.git", ""],
  ])("asks for a pull request on %s or leaves it to a person", async (_, url, expected) => {
    const output = join(home, "output");
    await Bun.write(output, "");
    // This git finds that server's repository here.
    const HOME = await mkdtemp(join(home, "home-"));
    await Bun.write(join(HOME, ".gitconfig"), `[url "file://${bare}"]\n  insteadOf = ${url}\n`);
    const settings = { ...secrets(), HOME, GITOPS_REPO: url, GITHUB_OUTPUT: output };
    const args = ["--environment=prod", "--branch=release-v1", ...all];
    const { code, stdout, stderr } = await update(args, settings);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await Bun.file(output).text()).toBe(expected);
    expect(stdout.includes("It is for you to open")).toBe(expected === "");
  });

  test("says what it takes", async () => {
    const { code, stdout } = await update(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("ENVIRONMENT is one of dev, staging, prod;");
  });

  test("says so, and deploys nothing, where no GitOps repository is set", async () => {
    const { code, stdout } = await update(["--environment=dev", "--push", ...all]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "GITOPS_REPO or GITOPS_TOKEN is not set: nothing is deployed.\n",
    });
  });

  test.each([
    [
      "a malformed digest",
      ["--environment=dev", "--push", `${image("lb-exporter")}0`],
      "is no image",
    ],
    ["a missing image", ["--environment=dev", "--push"], "needs the image lb-exporter"],
    ["another environment", ["--environment=test", "--push"], "one of dev, staging, prod"],
    ["no destination", ["--environment=dev"], "One of --checkout"],
    ["two destinations", ["--environment=dev", "--push", "--branch=b"], "One of --checkout"],
    ["a branch that is none", ["--environment=dev", "--branch=-f"], "--branch"],
  ])("refuses %s, and pushes nothing", async (_, args, words) => {
    const { code, stderr } = await update(args, secrets());
    expect(code).toBe(1);
    expect(stderr).toContain(words);
    expect(await subjects()).toEqual(["elsewhere"]);
  });
});
