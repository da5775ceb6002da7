import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { ConfigError } from "../shared/config.ts";
import { createLogger } from "../shared/log.ts";
import { addReload, createReloader, type ReloaderOptions, type ReloadResult } from "./reload.ts";
import { createReloadMetrics } from "./reload-metrics.ts";

type Config = { readonly version: number };

/** A reloader of what `state` holds, which is read at once unless `gate` says otherwise. */
function setup(options: Partial<ReloaderOptions<Config>> = {}) {
  const state = { value: { version: 1 } as Config | Error, now: 1000 };
  const applied: number[] = [];
  const lines: Record<string, unknown>[] = [];
  const registry = new Registry();
  const { reload } = createReloader<Config>({
    initial: { version: 1 },
    read: () => {
      if (state.value instanceof Error) throw state.value;
      return state.value;
    },
    apply: ({ version }) => {
      applied.push(version);
    },
    log: createLogger({
      level: "debug",
      format: "json",
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    }),
    metrics: createReloadMetrics(registry),
    now: () => state.now,
    ...options,
  });
  const logged = () => lines.map(({ level, msg }) => `${String(level)} ${String(msg)}`);
  const metric = async (name: string) =>
    (await registry.metrics())
      .split("\n")
      .filter((line) => line.startsWith(name))
      .map((line) => line.slice(name.length).trim());
  return { state, applied, lines, logged, metric, reload };
}

const SUCCESSFUL = "exporter_config_last_reload_successful";
const TIMESTAMP = "exporter_config_last_reload_success_timestamp_seconds";
const RELOADS = "exporter_config_reloads_total";
const REFUSED = "Configuration not reloaded, the old one stays in force";

describe("a reload", () => {
  test("applies what differs, once, and says what has changed", async () => {
    const changes = (before: Config | undefined, after: Config) => ({
      from: before?.version,
      to: after.version,
    });
    const { state, reload, applied, lines } = setup({ changes });
    state.value = { version: 2 };
    expect(await reload("watch")).toEqual({ ok: true, changed: true });
    expect(await reload("watch")).toEqual({ ok: true, changed: false });
    expect(applied).toEqual([2]);
    expect(lines).toHaveLength(1);
    expect(lines).toMatchObject([
      { level: "INFO", msg: "Configuration reloaded", reason: "watch", from: 1, to: 2 },
    ]);
  });

  test("without anything in force is a change", async () => {
    const applied: Config[] = [];
    const { reload } = createReloader<Config>({
      read: () => ({ version: 1 }),
      apply: (value) => {
        applied.push(value);
      },
      log: createLogger({ level: "error", format: "json" }),
      metrics: createReloadMetrics(new Registry()),
      now: () => 0,
    });
    expect(await reload("start")).toEqual({ ok: true, changed: true });
    expect(applied).toEqual([{ version: 1 }]);
  });

  test("compares as it is told to", async () => {
    const { state, reload, applied } = setup({ same: (a, b) => a.version % 2 === b.version % 2 });
    state.value = { version: 3 };
    expect(await reload("watch")).toEqual({ ok: true, changed: false });
    expect(applied).toEqual([]);
  });

  test("of a bad configuration leaves the old one in force, and tells the problems", async () => {
    const { state, reload, applied } = setup();
    state.value = new ConfigError(["a:1:1: x", "a:2:1: y"]);
    expect(await reload("watch")).toEqual({ ok: false, problems: ["a:1:1: x", "a:2:1: y"] });
    state.value = new TypeError("a bug");
    expect(await reload("watch")).toEqual({ ok: false, problems: ["a bug"] });
    state.value = { version: 1 };
    expect(await reload("watch")).toEqual({ ok: true, changed: false });
    expect(applied).toEqual([]);
  });

  test("that cannot be applied is tried again by the next", async () => {
    let broken = true;
    const applied: Config[] = [];
    const { state, reload } = setup({
      apply: async (value) => {
        if (broken) throw new Error("the worker is gone");
        applied.push(value);
      },
    });
    state.value = { version: 2 };
    expect(await reload("watch")).toEqual({ ok: false, problems: ["the worker is gone"] });
    broken = false;
    expect(await reload("watch")).toEqual({ ok: true, changed: true });
    expect(applied).toEqual([{ version: 2 }]);
  });
});

describe("a refusal is logged", () => {
  test("once for each set of problems, at debug again, and anew after a success", async () => {
    const { state, reload, logged } = setup();
    const [a, b] = [new ConfigError(["a"]), new ConfigError(["b"])];
    for (const value of [a, a, b, a, { version: 1 }, a]) {
      state.value = value;
      await reload("poll");
    }
    expect(logged()).toEqual([
      `WARN ${REFUSED}`,
      `DEBUG ${REFUSED}`,
      `WARN ${REFUSED}`,
      `DEBUG ${REFUSED}`,
      "INFO Configuration is again the one in force",
      `WARN ${REFUSED}`,
    ]);
  });
});

describe("reloads at the same time", () => {
  /** Reads wait at a gate; what is read is what was there when the reading began. */
  function gated() {
    const gates: PromiseWithResolvers<void>[] = [];
    const state = { version: 1, reading: 0, most: 0 };
    const read = async () => {
      const { version } = state;
      state.reading += 1;
      state.most = Math.max(state.most, state.reading);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      state.reading -= 1;
      return { version };
    };
    return { gates, state, read };
  }

  test("share the one that comes after that which runs, and the last state wins", async () => {
    const { gates, state, read } = gated();
    const { reload, applied } = setup({ read });
    state.version = 2;
    const first = reload("a");
    state.version = 3;
    const second = reload("b");
    const third = reload("c");
    expect(second).toBe(third);
    gates[0]?.resolve();
    expect(await first).toEqual({ ok: true, changed: true });
    // Asked in the very moment between the two.
    const fourth = reload("d");
    expect(gates).toHaveLength(2);
    gates[1]?.resolve();
    expect(await second).toEqual({ ok: true, changed: true });
    gates[2]?.resolve();
    await fourth;
    expect(applied).toEqual([2, 3]);
    expect(state.most).toBe(1);
  });

  test("never run beside each other, whenever they are asked for", async () => {
    let running = 0;
    let most = 0;
    let version = 1;
    const { reload, applied } = setup({
      read: async () => {
        running += 1;
        most = Math.max(most, running);
        const value = { version };
        await Promise.resolve();
        return value;
      },
      apply: async (value) => {
        await Promise.resolve();
        applied.push(value.version);
        running -= 1;
      },
      same: () => false,
    });
    const asks: Promise<ReloadResult>[] = [];
    for (let i = 0; i < 200; i += 1) {
      version = i;
      asks.push(reload("x"));
      for (let turns = i % 7; turns > 0; turns -= 1) await Promise.resolve();
    }
    await Promise.all(asks);
    expect(most).toBe(1);
    expect(applied.at(-1)).toBe(199);
    expect(applied.length).toBeLessThan(200);
  });

  test("go on after one that was refused", async () => {
    const { state, reload, applied } = setup();
    state.value = new ConfigError(["x"]);
    const first = reload("a");
    state.value = { version: 2 };
    const second = reload("b");
    expect((await first).ok).toBe(false);
    expect(await second).toEqual({ ok: true, changed: true });
    expect(applied).toEqual([2]);
  });
});

describe("the metrics of reloads", () => {
  test("tell whether the configuration in force is the one in the files, and since when", async () => {
    const { state, reload, metric } = setup();
    expect(await metric(SUCCESSFUL)).toEqual(["1"]);
    expect(await metric(TIMESTAMP)).toEqual(["1"]);
    state.now = 2500;
    state.value = { version: 2 };
    await reload("watch");
    expect(await metric(TIMESTAMP)).toEqual(["2.5"]);
    state.now = 9000;
    state.value = new ConfigError(["x"]);
    await reload("watch");
    expect(await metric(SUCCESSFUL)).toEqual(["0"]);
    expect(await metric(TIMESTAMP)).toEqual(["2.5"]);
    state.value = { version: 2 };
    await reload("watch");
    expect(await metric(SUCCESSFUL)).toEqual(["1"]);
    expect(await metric(RELOADS)).toEqual([
      '{outcome="changed"} 1',
      '{outcome="unchanged"} 1',
      '{outcome="failed"} 1',
    ]);
  });

  test("hold no timestamp before the first success", async () => {
    const registry = new Registry();
    createReloadMetrics(registry);
    const page = await registry.metrics();
    expect(page).toContain(`${SUCCESSFUL} 0`);
    expect(page).not.toContain(`\n${TIMESTAMP} `);
  });
});

describe("/-/reload", () => {
  const app = (result: ReloadResult) => {
    const routes = new Hono();
    addReload(routes, () => Promise.resolve(result));
    return (method: string, headers = {}) => routes.request("/-/reload", { method, headers });
  };

  test.each(["POST", "PUT"])("answers a %s with 200 once it is done", async (method) => {
    const answer = await app({ ok: true, changed: true })(method);
    expect([answer.status, await answer.text()]).toEqual([200, "Configuration reloaded\n"]);
    const unchanged = await app({ ok: true, changed: false })(method);
    expect(await unchanged.text()).toBe("Configuration unchanged\n");
  });

  test.each([
    ["cross-site", 403],
    ["same-site", 403],
    ["same-origin", 200],
    ["none", 200],
  ])("answers a browser's page that is %s with %d", async (site, status) => {
    const answer = await app({ ok: true, changed: true })("POST", { "sec-fetch-site": site });
    expect(answer.status).toBe(status);
  });

  test("answers with 500 and the problems as text where they leave the old one in force", async () => {
    const answer = await app({ ok: false, problems: ["a:1:2: x", "a:3:4: y"] })("POST");
    expect(answer.status).toBe(500);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await answer.text()).toBe("Configuration not reloaded:\n  a:1:2: x\n  a:3:4: y\n");
  });

  test.each(["GET", "HEAD", "DELETE"])(
    "refuses a %s, which must change nothing",
    async (method) => {
      const answer = await app({ ok: true, changed: true })(method);
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("POST, PUT");
    },
  );
});
