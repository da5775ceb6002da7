/** .ci/run, with stand-ins for the programs that it starts. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageManager } from "../../package.json" with { type: "json" };
import { runProcess } from "../../shared/testing/process.ts";

/** What the script itself is written with. */
const TOOLS = ["bash", "dirname", "mktemp", "rm", "tee", "awk", "wc", "cat", "id"];
/** What it would install, and what it looks for. */
const FOUND = "prometheus promtool victoria-metrics ip chromium curl shellcheck".split(" ");

/** Every recipe ends well, but the one in FAILS; `just test` and `just e2e` run tests. */
const NPX = `#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in "just $FAILS") code=1 ;; *) code=0 ;; esac
case "$*" in
  "just test") echo " 40 pass"; echo " $FAILED_TESTS fail" ;;
  "just e2e") echo " 2 pass"; echo " 0 fail" ;;
esac
exit $code
`;

let home = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ci-run-test-"));
  const bin = join(home, "bin");
  for (const folder of [bin, join(home, ".ci")]) await mkdir(folder);
  await copyFile(join(import.meta.dir, "../../.ci/run"), join(home, ".ci/run"));
  for (const tool of TOOLS) await symlink(Bun.which(tool) ?? "", join(bin, tool));
  const stubs = FOUND.map((name) => [name, "#!/bin/sh\n"] as const);
  // Without namespaces, no image is checked.
  for (const [name, text] of [
    ...stubs,
    ["unshare", "#!/bin/sh\nexit 1\n"],
    ["npx", NPX],
  ] as const) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
});

afterAll(async () => {
  await rm(home, { recursive: true });
});

async function run(env: Readonly<Record<string, string>> = {}) {
  const CALLS = join(home, "calls");
  await writeFile(CALLS, "");
  const { code, stdout } = await runProcess([join(home, ".ci/run")], {
    env: { PATH: join(home, "bin"), CALLS, FAILS: "", FAILED_TESTS: "0", ...env },
  });
  const calls = (await Bun.file(CALLS).text()).trim().split("\n");
  return { code, calls, total: stdout.trim().split("\n").at(-1) };
}

const RECIPES = ["test", "fmt-check", "lint", "types", "shell", "manifests", "e2e"];

test("runs every recipe that the machine can, and adds tests and steps", async () => {
  expect(await run()).toEqual({
    code: 0,
    calls: [`-y ${packageManager} install`, ...RECIPES.map((recipe) => `just ${recipe}`)],
    // 42 tests, 7 recipes with the installation of Bun in the first, and that of the programs.
    total: "50 passed, 0 failed",
  });
});

test.each(RECIPES)(
  "a failure of %s is one failure, and the rest runs all the same",
  async (FAILS) => {
    const { code, calls, total } = await run({ FAILS });
    expect({ code, total }).toEqual({ code: 1, total: "49 passed, 1 failed" });
    expect(calls).toHaveLength(RECIPES.length + 1);
  },
);

test("a failing test counts once, and not its step as well", async () => {
  const { code, total } = await run({ FAILS: "test", FAILED_TESTS: "2" });
  expect({ code, total }).toEqual({ code: 1, total: "49 passed, 2 failed" });
});

test("a failing test is a failure, whatever its step has said", async () => {
  const { code, total } = await run({ FAILED_TESTS: "2" });
  expect({ code, total }).toEqual({ code: 1, total: "50 passed, 2 failed" });
});

test.each([[["python3"]], [["go"]]])("leaves the workflows out with %j alone", async (names) => {
  await using _ = await present(names);
  expect((await run()).calls).not.toContain("just workflows");
});

test("checks the workflows where there are Go and Python", async () => {
  await using _ = await present(["go", "python3"]);
  expect((await run()).calls).toContain("just workflows");
});

/** Programs that end well, for the time of a test. */
async function present(names: readonly string[]) {
  const paths = [...names, "timeout"].map((name) => join(home, "bin", name));
  for (const path of paths) {
    await writeFile(path, "#!/bin/sh\n");
    await chmod(path, 0o755);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      for (const path of paths) await rm(path);
    },
  };
}
