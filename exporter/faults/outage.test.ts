/** Faults that last: what stays for how long, on which clock, and that everything comes back. */
import { describe, expect, test } from "bun:test";
import {
  BOTH,
  createStation,
  factsOf,
  failuresOn,
  MINUTE,
  START,
  startStation,
} from "../testing/station.ts";

describe.each([...BOTH])("a cloud by %s", (dialect) => {
  test("that is down for an hour: five minutes of what was, then nothing, and back at once", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn({ faults: [{ kind: "status", status: 503, body: "html" }] });
    for (let minute = 1; minute <= 60; minute += 1) {
      const page = await here.cycle();
      expect(factsOf(page)).toEqual(minute <= 5 ? factsOf(before) : []);
      expect(page.value("ktcloud_zone_up")).toBe(0);
      expect(page.value("ktcloud_zone_consecutive_failures")).toBe(minute);
      // After 55 minutes a new token is asked for in vain; after 60 the old one is over.
      expect(failuresOn(page)).toContain(`list_load_balancers http ${Math.min(minute, 59)}`);
      expect(page.value("ktcloud_zone_last_success_timestamp_seconds")).toBe(START / 1000);
      expect(page.value("ktcloud_lb_last_scrape_timestamp")).toBe(START / 1000);
    }
    const tooOld = here.warnings().filter((line) => line.includes("too old"));
    expect(tooOld).toHaveLength(1);
    expect(here.warnings()).toHaveLength(61);
    here.cloud.turn({ faults: [] });
    const after = await here.cycle();
    expect(factsOf(after)).toEqual(factsOf(before));
    expect(after.value("ktcloud_zone_consecutive_failures")).toBe(0);
    expect(here.lines.at(-1)).toContain('msg="The zone answers"');
  });

  test("that is down from the start says nothing of load balancers until it is there", async () => {
    await using here = startStation({ target: { dialect } });
    here.cloud.turn({ faults: [{ kind: "status", status: 500 }] });
    for (let minute = 1; minute <= 3; minute += 1) {
      const page = await here.cycle();
      expect(factsOf(page)).toEqual([]);
      expect(page.value("ktcloud_zone_up")).toBe(0);
      expect(page.value("ktcloud_lb_scrape_duration_seconds")).toBeUndefined();
      expect(page.value("ktcloud_lb_last_scrape_timestamp")).toBeUndefined();
      expect(here.collector.blind).toBe(true);
    }
    here.cloud.turn({ faults: [] });
    expect((await here.cycle()).value("ktcloud_lb_total_count")).toBe(6);
    expect(here.collector.blind).toBe(false);
  });

  test("that lists, but gives no servers: all that was stays for five minutes, and the rest is fresh", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn({
      faults: [{ kind: "status", status: 500, call: "listLoadBalancerWebServers" }],
    });
    for (let minute = 1; minute <= 7; minute += 1) {
      const page = await here.cycle();
      const kept = minute <= 5;
      expect(page.value("ktcloud_zone_up")).toBe(1);
      expect(page.value("ktcloud_lb_total_count")).toBe(6);
      expect(page.all("ktcloud_lb_success").map(({ value }) => value)).toEqual(Array(6).fill(0));
      expect(page.all("ktcloud_lb_server_count")).toEqual(
        kept ? before.all("ktcloud_lb_server_count") : [],
      );
      expect(page.all("ktcloud_lb_server_state")).toHaveLength(kept ? 18 : 0);
      expect(failuresOn(page)).toEqual([`list_servers http ${6 * minute}`]);
    }
    expect(here.warnings()).toHaveLength(7);
    here.cloud.turn({ faults: [] });
    expect(factsOf(await here.cycle())).toEqual(factsOf(before));
  });

  test("in which all goes wrong by chance shows no wrong value, and is whole when that is over", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    const known = new Set(factsOf(before).map((one) => JSON.stringify(one)));
    const seldom = { probability: 0.2 } as const;
    here.cloud.turn({
      faults: [
        { kind: "reset", ...seldom },
        { kind: "cut", ...seldom },
        { kind: "status", status: 502, body: "html", ...seldom },
        { kind: "refusal", ...seldom },
        { kind: "truncated", ...seldom },
        { kind: "envelope", body: {}, ...seldom },
      ],
    });
    for (let minute = 1; minute <= 15; minute += 1) {
      for (const fact of factsOf(await here.cycle())) expect(known).toContain(JSON.stringify(fact));
    }
    here.cloud.turn({ faults: [] });
    expect(factsOf(await here.cycle())).toEqual(factsOf(before));
  });
});

test("a cloud that is gone, host and all, is a failure of the network, and back it is whole", async () => {
  const here = startStation();
  const before = await here.cycle();
  await here.cloud.close();
  const during = await here.cycle();
  expect(factsOf(during)).toEqual(factsOf(before));
  expect(failuresOn(during)).toEqual(["list_load_balancers network 1"]);
  expect(here.warnings()).toHaveLength(1);
});

describe("our own clock", () => {
  const DOWN = { faults: [{ kind: "status", status: 500, body: "html" } as const] };

  test.each([
    ["whole zone", DOWN],
    ["servers of one", { faults: [{ ...DOWN.faults[0], lbId: "38002" }] }],
  ])(
    "set back by three hours keeps the last good %s for no three hours more",
    async (_name, knobs) => {
      const here = startStation();
      await using _ = here;
      let jumpMs = 0;
      const set = createStation(here.cloud.url, {
        tools: { now: () => here.clock.nowMs + jumpMs, monotonicNow: () => here.clock.nowMs },
      });
      const cycle = async () => {
        const page = await set.cycle();
        here.clock.nowMs += MINUTE;
        return page;
      };
      const before = await cycle();
      here.cloud.turn(knobs);
      jumpMs = -180 * MINUTE;
      for (let minute = 1; minute <= 5; minute += 1)
        expect(factsOf(await cycle())).toEqual(factsOf(before));
      await cycle();
      const ended = await cycle();
      expect(ended.all("ktcloud_lb_server_state", { lb_name: "gyeolje-api-lb-1" })).toEqual([]);
      // No time of the page lies in the future.
      const nowSeconds = (here.clock.nowMs + jumpMs) / 1000;
      for (const name of [
        "ktcloud_lb_last_success_timestamp_seconds",
        "ktcloud_lb_last_scrape_timestamp",
      ])
        for (const { value } of ended.all(name)) expect(value).toBeLessThanOrEqual(nowSeconds);
    },
  );

  test("set ahead by three hours ends what was known where the cloud fails, and only there", async () => {
    const here = startStation();
    await using _ = here;
    const before = await here.cycle();
    here.clock.nowMs += 180 * MINUTE;
    expect(factsOf(await here.cycle())).toEqual(factsOf(before));
    here.cloud.turn(DOWN);
    here.clock.nowMs += 180 * MINUTE;
    expect(factsOf(await here.cycle())).toEqual([]);
    here.cloud.turn({ faults: [] });
    expect(factsOf(await here.cycle())).toEqual(factsOf(before));
  });
});
