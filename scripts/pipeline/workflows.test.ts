/** The workflows keep the promises that are easy to break unseen; actionlint and zizmor see to the rest. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageManager } from "../../package.json" with { type: "json" };
import { ENTRIES } from "../build.ts";
import { found, jobs, ROOT, read, steps, texts, workflows } from "./testing/workflows.ts";

describe.each(workflows)("%s", (name, workflow) => {
  test("grants nothing to all of its jobs, and tells them nothing", () => {
    expect(workflow.permissions).toEqual({});
    expect(workflow.env).toBeUndefined();
    expect(workflow.defaults).toEqual({ run: { shell: "bash" } });
  });

  test("runs on no trigger that gives the secrets to a stranger's code", () => {
    expect(Object.keys(workflow.on)).not.toContainAnyValues([
      "pull_request_target",
      "workflow_run",
    ]);
  });

  test("goes on after no failure", () => {
    const text = texts.get(`.github/workflows/${name}.yml`) ?? "";
    expect(text).not.toMatch(/continue-on-error|\|\| *(?:true|:)|set \+e|always\(\)/);
  });
});

test.each(steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@")))(
  "$job keeps the token out of its checkout",
  ({ step }) => {
    expect(step.with?.["persist-credentials"]).toBe(false);
  },
);

describe("what the steps run", () => {
  const scripts = steps.flatMap(({ step: { run } }) => run ?? []);
  const lines = scripts.flatMap((script) => script.split("\n"));

  test("has no expression in it: values come by the environment", () => {
    expect(scripts.filter((script) => script.includes("${{"))).toEqual([]);
  });

  test("is a recipe as it is", () => {
    const recipes = lines.filter((line) => /\bjust\b/.test(line));
    expect(recipes.length).toBeGreaterThan(4);
    for (const recipe of recipes) {
      expect(recipe).toMatch(/^npx just (?:"\$RECIPE"|[\w-]+(?: --[\w-]+ \d+)?)$/);
    }
  });

  test("installs what bun.lock names", () => {
    const installs = lines.filter((line) => /\bbun\S* (?:install|i|add)\b/.test(line));
    expect(installs.length).toBeGreaterThan(4);
    for (const install of installs) {
      expect(install).toStartWith(`npx -y ${packageManager} install --frozen-lockfile`);
    }
  });
});

test.each(steps.filter(({ step }) => step.uses?.includes("upload-artifact@")))(
  "$job fails where there is nothing to upload",
  ({ step }) => {
    expect(step.with?.["if-no-files-found"]).toBe("error");
  },
);

/** Which of the repository's jobs may have which secrets: those that wait for their environment, and the scan. */
describe("secrets", () => {
  const PUSH = ["REGISTRY_USERNAME", "REGISTRY_PASSWORD"];
  const GITOPS = ["GITOPS_REPO", "GITOPS_TOKEN"];
  const HOLDERS: Readonly<Record<string, readonly string[]>> = {
    "ci-pipeline/publish": PUSH,
    "ci-pipeline/deploy": GITOPS,
    "release/images": PUSH,
    "release/deploy": GITOPS,
    "security-scan/images": ["SCAN_USERNAME", "SCAN_PASSWORD"],
  };

  test.each(jobs)("of %s are these", (name, job) => {
    const text = JSON.stringify(job);
    expect(text).not.toMatch(/toJSON\(secrets|"secrets":/i);
    const names = [...text.matchAll(/secrets\.(\w+)/g)].map(([, one = ""]) => one);
    expect([...new Set(names)].sort()).toEqual([...(HOLDERS[name] ?? [])].sort());
    const released = names.filter((one) => !one.startsWith("SCAN_"));
    if (released.length > 0) expect(job.environment).toBeString();
  });

  test("are given to the one step that needs them, by its environment", () => {
    const outside = jobs.map(([, job]) => ({
      ...job,
      steps: job.steps?.map((step) => ({ ...step, env: {} })),
    }));
    expect(JSON.stringify(outside)).not.toContain("secrets.");
    expect(JSON.stringify(outside)).not.toContain("github.token");
  });

  test("are in no argument: the shell's own printf hands one to docker on stdin", () => {
    const login = `printf '%s' "$REGISTRY_PASSWORD" | docker login --username "$REGISTRY_USERNAME" --password-stdin "\${REGISTRY%%/*}"`;
    const scripts = steps.map(({ step: { run = "" } }) => run);
    const logins = scripts.filter((run) => run.includes("docker login"));
    expect(logins).toEqual([login, login]);
    const others = scripts.filter((run) => run !== login).join("\n");
    expect(others).not.toMatch(/PASSWORD|TOKEN|USERNAME|GITOPS_REPO/);
  });
});

describe("every action", () => {
  const PINS: Readonly<Record<string, string>> = {
    "actions/attest": "1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2",
    "actions/cache": "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "actions/upload-artifact": "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    "github/codeql-action": "e4fba868fa4b1b91e1fdab776edc8cfbe6e9fb81 # v4.37.3",
    "sigstore/cosign-installer": "6f9f17788090df1f26f669e9d70d6ae9567deba6 # v4.1.2",
  };
  const lines = found(/\buses: *(.+)$/gm);

  test.each(lines)("%s is pinned by its commit, with its version", (used) => {
    if (used.startsWith("./")) {
      expect(existsSync(join(ROOT, used))).toBe(true);
      return;
    }
    const [action = "", pin] = used.split("@");
    expect(pin).toBe(PINS[action.split("/").slice(0, 2).join("/")] ?? "an action of the table");
  });

  test("of the table is used", () => {
    const used = lines.map((line) => line.split("@")[0]?.split("/").slice(0, 2).join("/"));
    expect(Object.keys(PINS).filter((action) => !used.includes(action))).toEqual([]);
  });
});

test("every image that something runs in or is built from is named by digest", async () => {
  const paths = [
    "Dockerfile",
    "e2e/cluster/Dockerfile",
    "e2e/cluster/prometheus.yaml",
    "e2e/cluster/counter.yaml",
    "scripts/pipeline/create-builder.sh",
    "scripts/pipeline/publish.ts",
  ];
  const all = [...texts.values(), ...(await Promise.all(paths.map(read)))].join("\n");
  const named = [
    ...all.matchAll(
      /(?:^FROM (?:--\S+ )?|_IMAGE=|\b(?:image|node|container): |docker:\/\/|buildkit=|=image=|scanner: )([\w./-]+[:@][\w.:@-]+)/gm,
    ),
  ].map(([, image = ""]) => image);
  // Built by the workflow itself.
  const others = named.filter((image) => image !== "counter:e2e");
  expect(others.length).toBeGreaterThanOrEqual(7);
  for (const image of others) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
});

describe("docs/release.md", () => {
  const rows = async () =>
    [...(await read("docs/release.md")).matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);

  test.each(found(/\b(?:secrets|vars)\.(\w+)/g))("has a row for %s", async (name) => {
    expect(await rows()).toContain(name);
  });

  test.each(["dev", "staging", "prod"])("has a row for the environment %s", async (name) => {
    expect(await rows()).toContain(name);
  });
});

describe("what the workflows name", () => {
  const recipesRun = () => [
    ...found(/npx just ([\w-]+)/g),
    ...jobs.flatMap(([, { strategy }]) => strategy?.matrix?.recipe ?? []),
  ];

  test("of just is in the justfile", async () => {
    const justfile = await read("justfile");
    const recipes = [...justfile.matchAll(/^([\w-]+)(?: [^:]*)?:(?!=)/gm)].map(([, name]) => name);
    expect(recipes).toContain("fmt-check");
    expect(recipesRun().filter((recipe) => !recipes.includes(recipe))).toEqual([]);
  });

  test("runs all that `just ci` and .ci/run run", async () => {
    const [, ci = ""] = /^ci: (.*)$/m.exec(await read("justfile")) ?? [];
    const local = [...(await read(".ci/run")).matchAll(/\bnpx just ([\w-]+)/g)];
    const wanted = [...ci.split(" "), ...local.map(([, recipe = ""]) => recipe)];
    expect(wanted.length).toBeGreaterThan(5);
    expect(wanted.filter((recipe) => !recipesRun().includes(recipe))).toEqual([]);
  });

  test.each(found(/((?:scripts|e2e|dev)\/[\w./-]+\.(?:ts|sh))/g))("%s exists", (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });

  test("of Bun is the version of package.json", () => {
    expect(found(/(bun@[\d.]+)/g)).toEqual([packageManager]);
  });
});

test("a pull request that touches what e2e.yml builds or runs, runs it", async () => {
  const [, e2e] = workflows.find(([name]) => name === "e2e") ?? [];
  const { paths: patterns = [] } = (e2e?.on.pull_request ?? {}) as { paths?: string[] };
  const scripts = found(/((?:scripts|e2e|dev)\/[\w./-]+\.ts)/g).filter((path) =>
    texts.get(".github/workflows/e2e.yml")?.includes(path),
  );
  const { metafile } = await Bun.build({
    entrypoints: [
      ...scripts,
      "scripts/build.ts",
      "scripts/licences/write.ts",
      "e2e/cluster/rollouts.ts",
      ...(ENTRIES.webhook ?? []),
      ...(ENTRIES.sidecar ?? []),
    ].map((path) => join(ROOT, path)),
    target: "bun",
    packages: "external",
    metafile: true,
    root: ROOT,
  });
  const imported = Object.keys(metafile?.inputs ?? {}).filter(
    (path) => !path.startsWith("node_modules/"),
  );
  const others = [
    "Dockerfile",
    ".dockerignore",
    "bun.lock",
    "bunfig.toml",
    "manifests/monitoring/plain/rbac.yaml",
    "e2e/cluster/counter.yaml",
  ];
  expect(imported.length).toBeGreaterThan(30);
  const touches = (path: string) => patterns.some((one) => new Bun.Glob(one).match(path));
  expect([...imported, ...others].filter((path) => !touches(path))).toEqual([]);
});
