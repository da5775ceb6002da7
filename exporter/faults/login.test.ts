/** Logins and tokens that fail, end or are refused: what a page shows then, and how often the cloud is asked. */
import { describe, expect, test } from "bun:test";
import type { FailureClass } from "../ktcloud/errors.ts";
import type { KnobChange } from "../ktcloud/simulator/knobs.ts";
import type { PageView } from "../testing/page-view.ts";
import {
  BOTH,
  createStation,
  factsOf,
  failuresOn,
  MINUTE,
  type Station,
  startStation,
} from "../testing/station.ts";

type Fault = NonNullable<KnobChange["faults"]>[number];

async function cycles(here: Station, count: number): Promise<PageView> {
  for (let cycle = 1; cycle < count; cycle += 1) await here.cycle();
  return await here.cycle();
}

function isWhole(page: PageView): boolean {
  return (
    page.value("ktcloud_zone_up") === 1 &&
    page.all("ktcloud_lb_success").every(({ value }) => value === 1) &&
    page.all("ktcloud_lb_server_state").length === 18
  );
}

const LOGINS: readonly (readonly [string, Fault, FailureClass])[] = [
  ["401", { kind: "status", status: 401, body: "keystone" }, "auth"],
  ["400", { kind: "status", status: 400, body: "keystone" }, "http"],
  ["403", { kind: "status", status: 403, body: "html" }, "http"],
  ["404", { kind: "status", status: 404, body: "gateway" }, "http"],
  ["429", { kind: "status", status: 429, body: "empty" }, "ratelimit"],
  ["500", { kind: "status", status: 500, body: "gateway" }, "http"],
  ["503 with a page of HTML", { kind: "status", status: 503, body: "html" }, "http"],
  ["200 that refuses", { kind: "refusal" }, "api"],
  ["200 without a token", { kind: "envelope", body: { token: {} } }, "parse"],
  ["200 and half of the JSON", { kind: "truncated" }, "parse"],
  ["a redirect", { kind: "redirect" }, "http"],
  ["no answer", { kind: "delay", ms: 60_000 }, "timeout"],
  ["a body that stands still", { kind: "stall" }, "timeout"],
  ["a connection that is reset", { kind: "reset" }, "network"],
];

describe("a login that gets", () => {
  test.each(LOGINS)(
    "%s from the start: nothing is known, and nothing 0",
    async (_name, fault, failure) => {
      await using here = startStation({ target: { timeoutMs: 100 } });
      here.cloud.turn({ faults: [{ ...fault, call: "token" }] });
      const during = await here.cycle();
      expect(factsOf(during)).toEqual([]);
      expect(during.value("ktcloud_zone_up")).toBe(0);
      expect(failuresOn(during)).toEqual([`token ${failure} 1`]);
      expect(here.cloud.counts.calls).toMatchObject({ token: 1, listLoadBalancers: 0 });
      expect(here.warnings()).toHaveLength(1);
      expect(here.warnings()[0]).toContain(`class=${failure} operation=token`);
      here.cloud.turn({ faults: [] });
      expect(isWhole(await cycles(here, 2))).toBe(true);
    },
  );

  test.each(LOGINS)(
    "%s for its second token: the last good zone stays",
    async (_name, fault, failure) => {
      await using here = startStation({ target: { timeoutMs: 100 } });
      const before = await here.cycle();
      here.cloud.turn({ faults: [{ ...fault, call: "token" }] });
      expect(isWhole(await here.cycle())).toBe(true);
      here.cloud.revokeTokens();
      const during = await here.cycle();
      expect(factsOf(during)).toEqual(factsOf(before));
      expect(during.value("ktcloud_zone_up")).toBe(0);
      expect(failuresOn(during)).toEqual([`token ${failure} 1`]);
      expect(here.cloud.counts.calls.token).toBe(2);
      here.cloud.turn({ faults: [] });
      expect(isWhole(await cycles(here, 2))).toBe(true);
    },
  );
});

test("a token that is revoked in mid-cycle costs one login for all calls in flight, and no gap", async () => {
  await using here = startStation();
  const before = await here.cycle();
  here.cloud.turn({
    faults: [
      { kind: "status", status: 401, call: "listLoadBalancerWebServers", times: 1, after: 2 },
    ],
  });
  const page = await here.cycle();
  expect(factsOf(page)).toEqual(factsOf(before));
  expect(isWhole(page)).toBe(true);
  expect(failuresOn(page)).toEqual([]);
  expect(here.cloud.tokensIssued()).toBe(2);
  expect(page.value("ktcloud_api_tokens_issued_total")).toBe(2);
});

test("a token that ends in mid-cycle is renewed by the calls that meet its end", async () => {
  await using here = startStation({ target: { concurrency: 1 } });
  await here.cycle();
  let calls = 0;
  const slow = createStation(here.cloud.url, {
    target: { concurrency: 1 },
    tools: {
      fetch: async (url, init) => {
        calls += 1;
        // The cloud's own clock: the token ends after the fourth call, though it was to live an hour.
        if (calls === 4) here.cloud.revokeTokens();
        return await fetch(url, init);
      },
    },
  });
  const page = await slow.cycle();
  expect(isWhole(page)).toBe(true);
  expect(failuresOn(page)).toEqual([]);
  expect(page.value("ktcloud_api_tokens_issued_total")).toBe(2);
});

describe.each([...BOTH])("by %s", (dialect) => {
  test("401 for every call of ten cycles costs a login a cycle, and then all is whole", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    const refuse = { kind: "status", status: 401, body: "keystone" } as const;
    here.cloud.turn({
      faults: [
        { ...refuse, call: "listLoadBalancers" },
        { ...refuse, call: "listLoadBalancerWebServers" },
      ],
    });
    const during = await cycles(here, 10);
    expect(here.cloud.tokensIssued()).toBe(11);
    expect(here.cloud.counts.calls.listLoadBalancers).toBe(21);
    expect(failuresOn(during)).toEqual(["list_load_balancers auth 10"]);
    expect(during.all("ktcloud_lb_info")).toEqual([]);
    here.cloud.turn({ faults: [] });
    const after = await here.cycle();
    expect(factsOf(after)).toEqual(factsOf(before));
    expect(here.cloud.tokensIssued()).toBe(11);
  });

  test("401 for the servers of all, not for the list, costs a login a cycle", async () => {
    await using here = startStation({ target: { dialect }, fleet: { loadBalancers: 20 } });
    const before = await here.cycle();
    here.cloud.turn({
      faults: [{ kind: "status", status: 401, body: "empty", call: "listLoadBalancerWebServers" }],
    });
    const during = await cycles(here, 5);
    expect(here.cloud.tokensIssued()).toBe(6);
    expect(during.value("ktcloud_zone_up")).toBe(1);
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(during.all("ktcloud_lb_success").every(({ value }) => value === 0)).toBe(true);
    expect(failuresOn(during)).toEqual(["list_servers auth 100"]);
    // One line a cycle, whatever the number of load balancers.
    expect(here.warnings()).toHaveLength(5);
    expect(here.warnings()[0]).toContain("load_balancers=20");
  });
});

test("everything 401, logins included, for an hour: the account is asked less and less", async () => {
  await using here = startStation();
  await here.cycle();
  here.cloud.turn({ faults: [{ kind: "status", status: 401, body: "keystone" }] });
  const during = await cycles(here, 60);
  expect(here.cloud.counts.calls.token).toBeLessThanOrEqual(10);
  expect(during.all("ktcloud_lb_info")).toEqual([]);
  here.cloud.turn({ faults: [] });
  expect(isWhole(await cycles(here, 15))).toBe(true);
});

describe("a token whose life", () => {
  test.each([
    ["is over when it is issued", -3600],
    ["is nothing", 0],
    ["is a thousandth of a second", 0.001],
    ["is a tenth of a second", 0.1],
  ])("%s is not asked for at every call", async (_name, seconds) => {
    const issuedAt = Date.parse("2026-01-01T00:00:00Z");
    let logins = 0;
    using cloud = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        const { searchParams } = new URL(request.url);
        if (request.method !== "POST") {
          const ids = Array.from({ length: 40 }, (_, id) => ({ loadbalancerid: id }));
          return searchParams.get("command") === "listLoadBalancers"
            ? Response.json({ listloadbalancersresponse: { loadbalancer: ids } })
            : Response.json({ listloadbalancerwebserversresponse: {} });
        }
        logins += 1;
        const token = {
          issued_at: new Date(issuedAt).toISOString(),
          expires_at: new Date(issuedAt + seconds * 1000).toISOString(),
        };
        return Response.json({ token }, { status: 201, headers: { "x-subject-token": "T" } });
      },
    });
    const here = createStation(`http://127.0.0.1:${cloud.port}`, { realTime: true });
    const page = await here.cycle();
    expect(page.all("ktcloud_lb_success", {}).filter(({ value }) => value === 1)).toHaveLength(40);
    expect(logins).toBe(1);
  });
});

describe("the clocks", () => {
  test.each([
    ["the cloud's three hours behind", -3 * 3600, 0],
    ["the cloud's three hours ahead", 3 * 3600, 0],
    ["ours three hours behind", 0, -180 * MINUTE],
    ["ours three hours ahead", 0, 180 * MINUTE],
  ])("%s: one login an hour, as with true ones", async (_name, clockSkewSeconds, ourSkewMs) => {
    await using cloud = startStation();
    cloud.cloud.turn({ clockSkewSeconds });
    const here = createStation(cloud.cloud.url, {
      tools: {
        now: () => cloud.clock.nowMs + ourSkewMs,
        monotonicNow: () => cloud.clock.nowMs,
      },
    });
    for (let minute = 0; minute < 120; minute += 5) {
      expect(isWhole(await here.cycle())).toBe(true);
      cloud.clock.nowMs += 5 * MINUTE;
    }
    expect(cloud.cloud.tokensIssued()).toBe(3);
    expect(cloud.cloud.counts.unauthorised).toBe(0);
    expect(here.warnings()).toEqual([]);
  });
});
