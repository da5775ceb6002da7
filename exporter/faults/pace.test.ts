/** Rate limits, deadlines, spacing and calls in flight: how often the cloud is asked, and what a page shows meanwhile. */
import { describe, expect, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { BOTH, createStation, factsOf, failuresOn, startStation } from "../testing/station.ts";
import type { Sample } from "../testing/strict-page.ts";

const LISTS = ["listLoadBalancers", "listLoadBalancerWebServers"] as const;

/** Lists so far, of both kinds. */
function listsAt({ cloud }: Pick<ReturnType<typeof startStation>, "cloud">): number {
  return LISTS.reduce((sum, call) => sum + cloud.counts.calls[call], 0);
}

/** What 429 comes with, and in which of the next cycles the cloud is asked at all. */
const WAITS: readonly (readonly [string, object, readonly boolean[]])[] = [
  ["no word of a wait", {}, [true, true, true, true]],
  ["no wait at all", { retryAfterSeconds: 0 }, [true, true, true, true]],
  ["a second's wait", { retryAfterSeconds: 1 }, [true, true, true, true]],
  ["two minutes", { retryAfterSeconds: 120 }, [true, false, true, false]],
  [
    "two minutes as a date",
    { retryAfterSeconds: 120, retryAfterAs: "date" },
    [true, false, true, false],
  ],
  ["a whole day", { retryAfterSeconds: 86_400 }, [true, false, false, false]],
];

describe.each([...BOTH])("429 by %s with", (dialect) => {
  test.each(WAITS)(
    "%s is kept over cycles, and counted once a refusal",
    async (_name, wait, asked) => {
      await using here = startStation({ target: { dialect } });
      const before = await here.cycle();
      here.cloud.turn({
        faults: LISTS.map((call) => ({
          kind: "status",
          status: 429,
          body: "empty",
          call,
          ...wait,
        })),
      });
      for (const [index, expected] of asked.entries()) {
        const calls = listsAt(here);
        const during = await here.cycle();
        expect(listsAt(here) > calls).toBe(expected);
        expect(listsAt(here) - calls).toBeLessThanOrEqual(2);
        expect(factsOf(during)).toEqual(factsOf(before));
        const refusals = asked.slice(0, index + 1).filter(Boolean).length;
        expect(failuresOn(during)).toEqual([`list_load_balancers ratelimit ${refusals}`]);
        expect(here.warnings()).toHaveLength(refusals);
      }
      here.cloud.turn({ faults: [] });
      here.clock.nowMs += 3_600_000;
      expect(factsOf(await here.cycle())).toEqual(factsOf(before));
    },
  );

  test("a wait by the date of a cloud whose clock is three hours off, is as long as it says", async () => {
    for (const clockSkewSeconds of [-3 * 3600, 3 * 3600]) {
      await using here = startStation({ target: { dialect } });
      await here.cycle();
      here.cloud.turn({
        clockSkewSeconds,
        faults: LISTS.map((call) => ({
          kind: "status",
          status: 429,
          body: "ratelimit",
          retryAfterSeconds: 120,
          retryAfterAs: "date",
          call,
        })),
      });
      await here.cycle();
      const calls = listsAt(here);
      await here.cycle();
      expect(listsAt(here)).toBe(calls);
      here.cloud.turn({ faults: [] });
      expect((await here.cycle()).value("ktcloud_zone_up")).toBe(1);
    }
  });
});

const LIMITS = [
  ["429", "none"],
  ["429", "seconds"],
  ["429", "date"],
  ["500", "none"],
  ["500", "seconds"],
  ["200", "none"],
  ["200", "seconds"],
] as const;

describe.each([...BOTH])("a cloud of five calls a second by %s that refuses with", (dialect) => {
  const start = (concurrency: number) =>
    startStation({ target: { dialect, concurrency }, fleet: { loadBalancers: 12 } });
  const sum = (samples: readonly Sample[]) => samples.reduce((all, { value }) => all + value, 0);

  test.each(LIMITS)("%s and Retry-After %s is waited for, and all is whole", async (answer, as) => {
    await using here = start(1);
    here.cloud.turn({ rateLimit: { perSecond: 5, answer, retryAfter: as } });
    const page = await here.cycle();
    expect(sum(page.all("ktcloud_lb_success"))).toBe(12);
    expect(page.all("ktcloud_lb_server_state")).toHaveLength(36);
    expect(here.cloud.counts.rateLimited).toBeGreaterThan(0);
    expect(failuresOn(page)).toEqual([]);
    expect(sum(page.all("ktcloud_api_retries_total"))).toBe(here.cloud.counts.rateLimited);
    expect(here.warnings()).toEqual([]);
  });

  test.each(LIMITS)(
    "%s and Retry-After %s by four at a time: no refusal is lost",
    async (answer, as) => {
      await using here = start(4);
      here.cloud.turn({ rateLimit: { perSecond: 5, answer, retryAfter: as } });
      const page = await here.cycle();
      const failed = 12 - sum(page.all("ktcloud_lb_success"));
      const refused = here.cloud.counts.rateLimited;
      expect(refused).toBe(sum(page.all("ktcloud_api_retries_total")) + failed);
      expect(failuresOn(page)).toEqual(failed === 0 ? [] : [`list_servers ratelimit ${failed}`]);
      expect(page.all("ktcloud_lb_server_count")).toHaveLength(12 - failed);
      // A call is sent twice at most.
      expect(listsAt(here)).toBeLessThanOrEqual(26);
    },
  );
});

test("a load balancer named ratelimit-… is no rate limit, nor one named errortext", async () => {
  await using here = startStation({ fleet: { loadBalancers: 2 } });
  here.cloud.turn({
    balancers: {
      "38000": { name: 'ratelimit-timeout "errorcode":"500"' },
      "38002": { name: "rate limit" },
    },
  });
  for (const dialect of BOTH) {
    const page = await createStation(here.cloud.url, { target: { dialect } }).cycle();
    expect(page.values("ktcloud_lb_info", "lb_name")).toEqual([
      'ratelimit-timeout "errorcode":"500"',
      "rate limit",
    ]);
    expect(failuresOn(page)).toEqual([]);
  }
});

describe.each([...BOTH])("calls by %s", (dialect) => {
  test.each([1, 3, 8])("are %d in flight at a time at most, and that many", async (concurrency) => {
    await using here = startStation({
      target: { dialect, concurrency },
      fleet: { loadBalancers: 24 },
    });
    here.cloud.turn({ faults: [{ kind: "delay", ms: 5 }] });
    await here.cycle();
    expect(here.cloud.counts.inFlightMax).toBe(concurrency);
    expect(listsAt(here)).toBe(25);
  });

  test("start a spacing apart, whatever the concurrency, those sent again too", async () => {
    await using here = startStation({
      target: { dialect, spacingMs: 30 },
      tools: { random: () => 0 },
      realTime: true,
    });
    const fault = { kind: "status", status: 503, body: "html" } as const;
    here.cloud.turn({
      faults: [{ ...fault, call: "listLoadBalancerWebServers", lbId: "38002", times: 1 }],
    });
    const page = await here.cycle();
    expect(failuresOn(page)).toEqual([]);
    const times = here.cloud.counts.recent
      .filter(({ call }) => call !== "token")
      .map(({ elapsedMs }) => elapsedMs);
    expect(times).toHaveLength(8);
    // 210 ms between the first and the last, however late single ones are on a busy machine.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(120);
  });
});

describe.each([...BOTH])("the deadline of a cycle by %s", (dialect) => {
  test("passes during the list: the last good zone stays, and nothing else is asked", async () => {
    await using here = startStation({ target: { dialect }, settings: { deadlineMs: 120 } });
    const before = await here.cycle();
    here.cloud.turn({ faults: [{ kind: "stall", call: "listLoadBalancers" }] });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(failuresOn(during)).toEqual(["list_load_balancers timeout 1"]);
    expect(here.warnings()).toHaveLength(1);
    here.cloud.turn({ faults: [] });
    expect((await here.cycle()).value("ktcloud_zone_up")).toBe(1);
  });

  test("passes during the servers: what came is fresh, what did not stays, one line says so", async () => {
    await using here = startStation({
      target: { dialect, concurrency: 2 },
      settings: { deadlineMs: 120 },
    });
    const before = await here.cycle();
    here.cloud.turn({
      faults: [{ kind: "delay", ms: 60_000, call: "listLoadBalancerWebServers", after: 3 }],
    });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(during.value("ktcloud_zone_up")).toBe(1);
    expect(during.all("ktcloud_lb_success").filter(({ value }) => value === 1)).toHaveLength(3);
    // Two that were under way, and one for all that were not asked any more.
    expect(failuresOn(during)).toEqual(["list_servers timeout 3"]);
    expect(here.warnings()).toHaveLength(1);
    expect(here.warnings()[0]).toContain("load_balancers=3");
    here.cloud.turn({ faults: [] });
    const after = await here.cycle();
    expect(after.all("ktcloud_lb_success").every(({ value }) => value === 1)).toBe(true);
  });

  test("passes during the login, which goes on for the next cycle", async () => {
    await using here = startStation({ target: { dialect }, settings: { deadlineMs: 100 } });
    here.cloud.turn({ faults: [{ kind: "delay", ms: 200, call: "token" }] });
    const during = await here.cycle();
    expect(failuresOn(during)).toEqual(["list_load_balancers timeout 1"]);
    expect(factsOf(during)).toEqual([]);
    await eventually("the token is there", () => here.cloud.tokensIssued() === 1);
    const after = await here.cycle();
    expect(after.value("ktcloud_zone_up")).toBe(1);
    expect(here.cloud.counts.calls.token).toBe(1);
  });
});
