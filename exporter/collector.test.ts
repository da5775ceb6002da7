import { describe, expect, test } from "bun:test";
import { sleep } from "../shared/lifecycle.ts";
import { createLogger, type LogLevel } from "../shared/log.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type CollectorSettings, createCollector, type Memory } from "./collector.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Target } from "./targets/target.ts";
import { ACCOUNT, PASSWORD, startCloud } from "./testing/cloud.ts";
import { sample, samples } from "./testing/metrics.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-01-01T00:00:00Z");

/** A simulated cloud, a collector of its zone DX-M1, a clock that the test moves, and the log. */
function setUp(over: Partial<Target> = {}, level: LogLevel = "info") {
  const clock = { nowMs: START };
  const now = () => clock.nowMs;
  const lines: string[] = [];
  const log = createLogger({ level, format: "text", write: (line) => lines.push(line) });
  const cloud = startCloud({}, now);
  const target: Target = {
    account: undefined,
    apiUrl: cloud.url,
    zone: "DX-M1",
    credentials: { account: ACCOUNT, password: PASSWORD },
    dialect: "command",
    include: [],
    exclude: [],
    timeoutMs: 300,
    concurrency: 4,
    spacingMs: 0,
    ...over,
  };
  const settings: CollectorSettings = {
    targets: [target],
    intervalMs: MINUTE,
    deadlineMs: 5000,
    connectTimeoutMs: 1000,
    proxied: false,
    maxAgeMs: 5 * MINUTE,
    exporter: {
      version: "0",
      port: "9105",
      scrape_interval: "60",
      data_source: "",
      description: "",
    },
  };
  const tools = { fetch, now, monotonicNow: now, sleep, random: () => 0, log };
  const create = (memory?: Memory) => createCollector(settings, tools, memory);
  return { cloud, clock, create, lines, settings, tools, target, collector: create() };
}

async function pageOf(snapshot: Snapshot | undefined): Promise<string> {
  return (await snapshot?.pages.text.plain.text()) ?? "";
}

const UP = 'ktcloud_zone_up{zone="DX-M1"}';

describe("a cycle", () => {
  test("makes one call for the list and one for each load balancer, with one login for all cycles", async () => {
    const { cloud, clock, collector } = setUp({ concurrency: 2 });
    await using _ = cloud;
    cloud.turn({ faults: [{ kind: "delay", ms: 5, call: "listLoadBalancerWebServers" }] });
    for (let cycle = 0; cycle < 3; cycle += 1) {
      await collector.cycle();
      clock.nowMs += MINUTE;
    }
    expect(cloud.counts.calls).toEqual({
      token: 1,
      listLoadBalancers: 3,
      listLoadBalancerWebServers: 18,
    });
    expect(cloud.counts.inFlightMax).toBe(2);
  });

  test("gives a page that holds the whole zone and is said to be fresh", async () => {
    const { cloud, collector } = setUp();
    await using _ = cloud;
    const snapshot = await collector.cycle();
    const page = await pageOf(snapshot);
    expect(sample(page, "ktcloud_lb_total_count")).toBe(6);
    expect(samples(page, "ktcloud_lb_server_state")).toHaveLength(18);
    expect(sample(page, UP)).toBe(1);
    expect(sample(page, "ktcloud_lb_last_scrape_timestamp")).toBe(START / 1000);
    expect(snapshot).toMatchObject({ builtAtMs: START, listed: true, problem: undefined });
  });

  test("without the cloud says so, and counts nothing as zero", async () => {
    const { cloud, collector, lines } = setUp({ apiUrl: "http://127.0.0.1:1" });
    await using _ = cloud;
    const snapshot = await collector.cycle();
    const page = await pageOf(snapshot);
    expect(sample(page, UP)).toBe(0);
    expect(sample(page, "ktcloud_lb_total_count")).toBeUndefined();
    const errors = 'ktcloud_api_errors_total{zone="DX-M1",operation="token",class="network"}';
    expect(sample(page, errors)).toBe(1);
    expect(snapshot?.listed).toBe(false);
    expect(snapshot?.problem).toStartWith("token failed (network): the connection failed");
    expect(lines.join("")).toMatch(
      /level=WARN msg="Cannot list the load balancers" zone=DX-M1 class=network/,
    );
  });

  test("in which one load balancer fails keeps its servers for five minutes, and all others fresh", async () => {
    const { cloud, clock, collector, lines } = setUp();
    await using _ = cloud;
    await collector.cycle();
    cloud.turn({ faults: [{ kind: "status", status: 503, body: "html", lbId: "38002" }] });
    const failing = async (afterMs: number) => {
      clock.nowMs = START + afterMs;
      return await pageOf(await collector.cycle());
    };
    const kept = await failing(5 * MINUTE);
    const ended = await failing(5 * MINUTE + 1);
    for (const page of [kept, ended]) {
      expect(samples(page, "ktcloud_lb_success").filter((line) => line.endsWith(" 0"))).toEqual([
        'ktcloud_lb_success{lb_id="38002",lb_name="gyeolje-api-lb-1",zone="DX-M1"} 0',
      ]);
      expect(sample(page, "ktcloud_lb_total_count")).toBe(6);
      expect(samples(page, "ktcloud_lb_info")).toHaveLength(6);
    }
    expect(samples(kept, "ktcloud_lb_server_state")).toHaveLength(18);
    expect(samples(kept, "ktcloud_lb_server_count")).toHaveLength(6);
    expect(samples(ended, "ktcloud_lb_server_state")).toHaveLength(15);
    expect(samples(ended, "ktcloud_lb_server_count")).toHaveLength(5);
    expect(lines.filter((line) => line.includes("WARN"))).toHaveLength(2);
  });

  test("in which the list fails keeps the load balancers for five minutes, then ends them, never with 0", async () => {
    const { cloud, clock, collector } = setUp();
    await using _ = cloud;
    await collector.cycle();
    cloud.turn({ faults: [{ kind: "status", status: 500, body: "gateway" }] });
    clock.nowMs = START + 5 * MINUTE;
    const kept = await pageOf(await collector.cycle());
    expect(sample(kept, "ktcloud_lb_total_count")).toBe(6);
    expect(sample(kept, UP)).toBe(0);
    clock.nowMs += 1;
    const ended = await pageOf(await collector.cycle());
    expect(sample(ended, "ktcloud_lb_total_count")).toBeUndefined();
    expect(samples(ended, "ktcloud_lb_info")).toEqual([]);
    expect(sample(ended, "ktcloud_lb_last_scrape_timestamp")).toBe(START / 1000);
    cloud.turn({ faults: [] });
    clock.nowMs = START + 60 * MINUTE;
    expect(sample(await pageOf(await collector.cycle()), "ktcloud_lb_total_count")).toBe(6);
  });

  test("of a zone that is really empty counts 0", async () => {
    const { cloud, clock, collector } = setUp();
    await using _ = cloud;
    await collector.cycle();
    cloud.turn({ loadBalancers: 0, emptyShape: "missing" });
    clock.nowMs += MINUTE;
    const page = await pageOf(await collector.cycle());
    expect(sample(page, "ktcloud_lb_total_count")).toBe(0);
    expect(samples(page, "ktcloud_lb_info")).toEqual([]);
    expect(sample(page, UP)).toBe(1);
  });

  test("with a wrong password makes one attempt, and the cycles after it ever fewer", async () => {
    const { cloud, clock, collector } = setUp({
      credentials: { account: ACCOUNT, password: "wrong" },
    });
    await using _ = cloud;
    let page = "";
    for (let cycle = 0; cycle < 20; cycle += 1) {
      page = await pageOf(await collector.cycle());
      clock.nowMs += MINUTE;
    }
    expect(cloud.counts.calls).toMatchObject({ token: 6, listLoadBalancers: 0 });
    const labels = '{zone="DX-M1",operation="token"';
    expect(sample(page, `ktcloud_api_calls_total${labels},code="401"}`)).toBe(6);
    expect(sample(page, `ktcloud_api_errors_total${labels},class="auth"}`)).toBe(6);
  });

  test("without news logs nothing at info, and what changes once", async () => {
    const { cloud, clock, collector, lines } = setUp();
    await using _ = cloud;
    for (const loadBalancers of [6, 6, 7, 7]) {
      cloud.turn({ loadBalancers });
      await collector.cycle();
      clock.nowMs += MINUTE;
    }
    expect(lines.map((line) => /msg="([^"]*)"/.exec(line)?.[1])).toEqual([
      "The zone answers",
      "The number of load balancers changed",
    ]);
  });
});

test("servers refused with 401 cost one login a cycle, and each call counts as its own failure", async () => {
  const { cloud, clock, collector } = setUp();
  await using _ = cloud;
  const refuse = { kind: "status", status: 401, body: "keystone" } as const;
  cloud.turn({ faults: [{ ...refuse, call: "listLoadBalancerWebServers" }] });
  let page = "";
  for (let cycle = 0; cycle < 3; cycle += 1) {
    page = await pageOf(await collector.cycle());
    clock.nowMs += MINUTE;
  }
  expect(cloud.tokensIssued()).toBe(4);
  const errors = 'ktcloud_api_errors_total{zone="DX-M1",operation="list_servers",class="auth"}';
  expect(sample(page, errors)).toBe(18);
  expect(sample(page, "ktcloud_lb_total_count")).toBe(6);
});

test("a collector goes on where its predecessor ended", async () => {
  const { cloud, clock, collector, create } = setUp();
  await using _ = cloud;
  await collector.cycle();
  const memory = JSON.parse(JSON.stringify(collector.memory())) as Memory;
  cloud.turn({ faults: [{ kind: "reset" }] });
  clock.nowMs += MINUTE;
  const page = await pageOf(await create(memory).cycle());
  expect(sample(page, "ktcloud_lb_total_count")).toBe(6);
  expect(sample(page, "ktcloud_lb_atomic_updates_total")).toBe(2);
  expect(sample(page, UP)).toBe(0);
});

test("no page and no log line, not even at debug, holds the password or a token", async () => {
  const { cloud, clock, collector, lines } = setUp({}, "debug");
  await using _ = cloud;
  const pages: string[] = [];
  const run = async () => {
    pages.push(await pageOf(await collector.cycle()));
    clock.nowMs += MINUTE;
  };
  await run();
  cloud.turn({ faults: [{ kind: "status", status: 500, body: "echo" }] });
  await run();
  cloud.revokeTokens();
  cloud.turn({ faults: [{ kind: "status", status: 403, body: "echo", call: "token" }] });
  await run();
  const text = [...pages, ...lines].join("\n");
  expect(text).toContain("secret>");
  expect(text).not.toContain("s3cr");
  expect(text).not.toMatch(/gAAAA\w/);
});

describe("several targets", () => {
  test("make one page, each with its own login and calls, and none waits for the other's faults", async () => {
    const { cloud, settings, tools, target } = setUp();
    await using _ = cloud;
    const targets = [
      { ...target, account: "one" },
      { ...target, account: "one", zone: "DX-Central" as const },
      { ...target, account: "two", credentials: { account: ACCOUNT, password: "wrong" } },
    ];
    const page = await pageOf(await createCollector({ ...settings, targets }, tools).cycle());
    expect(samples(page, "ktcloud_zone_up")).toEqual([
      'ktcloud_zone_up{zone="DX-M1",account="one"} 1',
      'ktcloud_zone_up{zone="DX-Central",account="one"} 1',
      'ktcloud_zone_up{zone="DX-M1",account="two"} 0',
    ]);
    expect(samples(page, "ktcloud_lb_info")).toHaveLength(12);
    expect(samples(page, "ktcloud_lb_total_count")).toEqual([]);
    expect(samples(page, "ktcloud_zone_load_balancers")).toHaveLength(2);
    expect(samples(page, "ktcloud_lb_exporter_info_info")).toHaveLength(3);
    expect(cloud.tokensIssued()).toBe(2);
  });

  test("are filtered by the whole name of a load balancer, which are then neither asked nor counted", async () => {
    const { cloud, collector } = setUp({ include: [".*-lb-1"], exclude: ["jumun.*", "gyeolje"] });
    await using _ = cloud;
    const page = await pageOf(await collector.cycle());
    expect(sample(page, "ktcloud_lb_total_count")).toBe(5);
    expect(sample(page, "ktcloud_zone_filtered_load_balancers")).toBe(1);
    expect(page).not.toContain("jumun");
    expect(cloud.counts.calls.listLoadBalancerWebServers).toBe(5);
  });
});

describe("configure()", () => {
  test("in the middle of a cycle gives it up, and the next page is of the new targets alone", async () => {
    const { cloud, settings, target, collector } = setUp({ timeoutMs: 10_000 });
    await using _ = cloud;
    await collector.cycle();
    cloud.turn({ faults: [{ kind: "stall", call: "listLoadBalancerWebServers" }] });
    const cycle = collector.cycle();
    await eventually("servers are asked for", () => {
      return cloud.counts.calls.listLoadBalancerWebServers === 10;
    });
    collector.configure({ ...settings, targets: [{ ...target, zone: "DX-G" }] });
    expect(await cycle).toBeUndefined();
    cloud.turn({ faults: [] });
    const page = await pageOf(await collector.cycle());
    expect(page).not.toContain("DX-M1");
    expect(samples(page, "ktcloud_lb_server_state")).toHaveLength(18);
    expect(sample(page, "ktcloud_lb_atomic_updates_total")).toBe(2);
  });

  test("keeps the token of a target that is the same, and what was known of one with a new password", async () => {
    const { cloud, settings, target, collector } = setUp();
    await using _ = cloud;
    const second = { ...target, zone: "DX-G" as const };
    collector.configure({ ...settings, targets: [target, second] });
    await collector.cycle();
    const renewed = { ...second, credentials: { account: ACCOUNT, password: "wrong" } };
    collector.configure({ ...settings, targets: [target, renewed] });
    const page = await pageOf(await collector.cycle());
    expect(cloud.tokensIssued()).toBe(2);
    expect(sample(page, 'ktcloud_zone_up{zone="DX-G"}')).toBe(0);
    expect(sample(page, "ktcloud_lb_total_count")).toBe(12);
  });
});

describe("a cycle's deadline", () => {
  test("ends what hangs: the list is shown, the servers that came in time too, the rest has failed", async () => {
    const { cloud, settings, tools, target } = setUp();
    await using _ = cloud;
    const slow = { ...settings, targets: [{ ...target, timeoutMs: 10_000 }], deadlineMs: 300 };
    cloud.turn({ faults: [{ kind: "stall", lbId: "38004" }] });
    const started = performance.now();
    const page = await pageOf(await createCollector(slow, tools).cycle());
    expect(performance.now() - started).toBeLessThan(5000);
    expect(samples(page, "ktcloud_lb_success").filter((line) => line.endsWith(" 1"))).toHaveLength(
      5,
    );
    const errors =
      'ktcloud_api_errors_total{zone="DX-M1",operation="list_servers",class="timeout"}';
    expect(sample(page, errors)).toBe(1);
  });
});

test("load balancers that hang do not keep the others waiting for ever: each is asked every second cycle", async () => {
  const { cloud, settings, tools, target } = setUp();
  await using _ = cloud;
  const one = { ...target, concurrency: 1, timeoutMs: 10_000 };
  const collector = createCollector({ ...settings, targets: [one], deadlineMs: 150 }, tools);
  cloud.turn({ faults: [{ kind: "stall", lbId: "38000" }] });
  const fine = async () => {
    const page = await pageOf(await collector.cycle());
    return samples(page, "ktcloud_lb_success").filter((line) => line.endsWith(" 1")).length;
  };
  expect(await fine()).toBe(0);
  expect(await fine()).toBe(5);
});

test("Retry-After is kept over cycles: the cloud is not asked before, and the failure is told of once", async () => {
  const { cloud, clock, collector, lines } = setUp();
  await using _ = cloud;
  await collector.cycle();
  const fault = { kind: "status", status: 429, body: "empty", retryAfterSeconds: 150 } as const;
  cloud.turn({ faults: [fault] });
  const asked: number[] = [];
  for (let cycle = 0; cycle < 4; cycle += 1) {
    clock.nowMs += MINUTE;
    await collector.cycle();
    asked.push(cloud.counts.calls.listLoadBalancers);
  }
  expect(asked).toEqual([2, 2, 2, 3]);
  expect(lines.filter((line) => line.includes("level=WARN"))).toHaveLength(2);
});
