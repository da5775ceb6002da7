import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { createLogger } from "../../shared/log.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { createReloader } from "../reload.ts";
import { createReloadMetrics } from "../reload-metrics.ts";
import { type MountedDirectory, mountDirectory } from "../testing/mounted-directory.ts";
import { targetChanges } from "./changes.ts";
import { readTargets, type TargetsConfig } from "./read.ts";
import type { TargetSet } from "./target.ts";
import { watchTargets } from "./watch.ts";

/** So long that a test which passes did not wait for it. */
const NEVER_MS = 3_600_000;

let open = new DisposableStack();
afterEach(() => {
  open.dispose();
  open = new DisposableStack();
});

function mount(files: Readonly<Record<string, string>>): MountedDirectory {
  return open.use(mountDirectory(files));
}

function accounts(passwordFile: string, zones = "[DX-G]"): string {
  return `accounts:\n- {name: a, id: i, password_file: ${passwordFile}, zones: ${zones}}\n`;
}

/** What the exporter does: read, then read again whenever the watch says so. */
async function run(configFile: string, pollMs = NEVER_MS) {
  const config: TargetsConfig = {
    configFile,
    apiUrl: "http://cloud",
    dialect: "auto",
    lbInclude: [],
    lbExclude: [],
    collectTimeout: 1000,
    collectConcurrency: 1,
    spacing: 0,
  };
  const lines: string[] = [];
  const state = { current: await readTargets(config, {}) };
  const watch = watchTargets(state.current.files, {
    onEvent: () => void reload("watch"),
    pollMs,
    settleMs: 1,
  });
  open.defer(() => watch.close());
  const { reload } = createReloader<TargetSet>({
    initial: state.current,
    read: () => readTargets(config, {}),
    apply: (value) => {
      state.current = value;
      watch.follow(value.files);
    },
    changes: targetChanges,
    log: createLogger({ level: "info", format: "json", write: (line) => lines.push(line) }),
    metrics: createReloadMetrics(new Registry()),
    now: () => 0,
  });
  const passwords = () => state.current.targets.map(({ credentials }) => credentials.password);
  const until = (what: string, probe: () => boolean) => eventually(what, probe);
  return { passwords, until, lines, watch, zones: () => state.current.targets.length };
}

describe("watchTargets(), without a poll, finds", () => {
  test("each swap of a mounted directory that holds the file and its secrets", async () => {
    const mounted = mount({ "accounts.yaml": accounts("p"), p: "1" });
    const { passwords, until, lines } = await run(join(mounted.directory, "accounts.yaml"));
    expect(passwords()).toEqual(["1"]);
    for (const password of ["2", "3", "4"]) {
      mounted.swap({ "accounts.yaml": accounts("p"), p: `${password}\n` });
      await until("the new password", () => passwords()[0] === password);
    }
    mounted.swap({ "accounts.yaml": accounts("p", "[DX-G, DX-M1]"), p: "4" });
    await until("the new zone", () => passwords().length === 2);
    expect(lines.at(-1)).toContain('"added":["a/DX-M1"]');
  });

  test("a swap of secrets that are mounted elsewhere", async () => {
    const secrets = mount({ p: "1" });
    const mounted = mount({ "accounts.yaml": accounts(join(secrets.directory, "p")) });
    const { passwords, until } = await run(join(mounted.directory, "accounts.yaml"));
    secrets.swap({ p: "2" });
    await until("the new password", () => passwords()[0] === "2");
  });

  test("what a reload has brought in, and no longer what it has left", async () => {
    const [one, two] = [mount({ p: "1" }), mount({ p: "2" })];
    const mounted = mount({ "accounts.yaml": accounts(join(one.directory, "p")) });
    const { passwords, until } = await run(join(mounted.directory, "accounts.yaml"));
    mounted.swap({ "accounts.yaml": accounts(join(two.directory, "p")) });
    await until("the other file", () => passwords()[0] === "2");
    two.swap({ p: "3" });
    await until("its change", () => passwords()[0] === "3");
    mounted.swap({ "accounts.yaml": accounts(join(one.directory, "p")) });
    await until("the first file again", () => passwords()[0] === "1");
    one.swap({ p: "4" });
    await until("its change", () => passwords()[0] === "4");
  });

  test("a good file after a bad one, which changed nothing", async () => {
    const mounted = mount({ "accounts.yaml": accounts("p"), p: "hunter1" });
    const { passwords, until, lines } = await run(join(mounted.directory, "accounts.yaml"));
    mounted.swap({ "accounts.yaml": "accounts: hunter2", p: "hunter1" });
    await until("the refusal", () => lines.some((line) => line.includes("not reloaded")));
    expect(passwords()).toEqual(["hunter1"]);
    mounted.swap({ "accounts.yaml": accounts("p"), p: "hunter3" });
    await until("the good one", () => passwords()[0] === "hunter3");
    expect(lines.join("")).not.toContain("hunter");
  });
});

test("watchTargets() finds by its poll what lies in no directory that it watches yet", async () => {
  const later = mount({ other: "" });
  const mounted = mount({ "accounts.yaml": accounts("p"), p: "1" });
  const { passwords, until, lines } = await run(join(mounted.directory, "accounts.yaml"), 20);
  const path = join(later.directory, "p");
  mounted.swap({ "accounts.yaml": accounts(path), p: "1" });
  await until("the refusal", () => lines.some((line) => line.includes("ENOENT")));
  writeFileSync(path, "2");
  await until("the file", () => passwords()[0] === "2");
});

test("close() ends it", async () => {
  const mounted = mount({ "accounts.yaml": accounts("p"), p: "1" });
  const path = join(mounted.directory, "accounts.yaml");
  const [closed, other] = [await run(path), await run(path)];
  closed.watch.close();
  mounted.swap({ "accounts.yaml": accounts("p"), p: "2" });
  await other.until("the other watch", () => other.passwords()[0] === "2");
  expect(closed.passwords()).toEqual(["1"]);
});
