/** New settings that come in the middle of a cycle: what becomes of it, and what the next page holds. */
import { describe, expect, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { ACCOUNT } from "../testing/cloud.ts";
import { BOTH, factsOf, failuresOn, startStation } from "../testing/station.ts";

const MOMENTS = ["token", "listLoadBalancers", "listLoadBalancerWebServers"] as const;

describe.each([...BOTH])("by %s during", (dialect) => {
  test.each(MOMENTS)(
    "%s the cycle is given up, and the next page is of the new targets",
    async (call) => {
      await using here = startStation({ target: { dialect, timeoutMs: 10_000 } });
      here.cloud.turn({ faults: [{ kind: "stall", call }] });
      const under = here.collector.cycle();
      await eventually("the call is made", () => here.cloud.counts.calls[call] > 0);
      const target = { ...here.target, zone: "DX-G" } as const;
      here.collector.configure({ ...here.settings, targets: [target] });
      expect(await under).toBeUndefined();
      here.cloud.turn({ faults: [] });
      const page = await here.cycle();
      expect(page.values("ktcloud_zone_up", "zone")).toEqual(["DX-G"]);
      expect(page.values("ktcloud_lb_info", "zone")).toEqual(["DX-G"]);
      expect(page.all("ktcloud_lb_server_state")).toHaveLength(18);
      expect(failuresOn(page)).toEqual([]);
      expect(page.value("ktcloud_lb_atomic_updates_total")).toBe(1);
      // A cycle that nobody wants any more has not failed.
      expect(here.warnings()).toEqual([]);
    },
  );

  test.each(MOMENTS)("%s the same settings again cost nothing that was known", async (call) => {
    await using here = startStation({ target: { dialect, timeoutMs: 10_000 } });
    const before = await here.cycle();
    if (call === "token") here.cloud.revokeTokens();
    const made = here.cloud.counts.calls[call];
    here.cloud.turn({ faults: [{ kind: "delay", ms: 100, call }] });
    const under = here.collector.cycle();
    await eventually("the call is made", () => here.cloud.counts.calls[call] > made);
    here.collector.configure({ ...here.settings });
    expect(await under).toBeUndefined();
    here.cloud.turn({ faults: [{ kind: "status", status: 500, call: "listLoadBalancers" }] });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    here.cloud.turn({ faults: [] });
    const after = await here.cycle();
    expect(factsOf(after)).toEqual(factsOf(before));
    expect(here.cloud.tokensIssued()).toBe(call === "token" ? 2 : 1);
    expect(here.warnings()).toHaveLength(1);
  });

  test("a login that hangs with the old password the new one is used at once", async () => {
    const options = {
      dialect,
      timeoutMs: 10_000,
      credentials: { account: ACCOUNT, password: "old" },
    };
    await using here = startStation({ target: options });
    here.cloud.turn({ faults: [{ kind: "stall", call: "token", times: 1 }] });
    const under = here.collector.cycle();
    await eventually("the login is made", () => here.cloud.counts.calls.token === 1);
    here.cloud.turn({ accounts: [{ account: "new@example.com", password: "new" }] });
    const credentials = { account: "new@example.com", password: "new" };
    here.collector.configure({ ...here.settings, targets: [{ ...here.target, credentials }] });
    expect(await under).toBeUndefined();
    const page = await here.cycle();
    expect(page.value("ktcloud_zone_up")).toBe(1);
    expect(page.all("ktcloud_lb_server_state")).toHaveLength(18);
    expect(here.cloud.counts.calls.token).toBe(2);
  });
});

describe("what was known under another filter", () => {
  test.each([
    ["narrower", { include: [] }, { include: ["jumun.*"] }, 1],
    ["wider", { include: ["jumun.*"] }, { include: [] }, 6],
    ["another", { exclude: ["jumun.*"] }, { exclude: ["gyeolje.*"] }, 5],
  ])(
    "is not shown under a %s one where the cloud fails just then",
    async (_name, old, next, count) => {
      await using here = startStation({ target: old });
      await here.cycle();
      here.cloud.turn({ faults: [{ kind: "status", status: 503 }] });
      const target = { ...here.target, ...next };
      here.collector.configure({ ...here.settings, targets: [target] });
      const during = await here.cycle();
      expect(factsOf(during)).toEqual([]);
      expect(during.value("ktcloud_zone_up")).toBe(0);
      here.cloud.turn({ faults: [] });
      const after = await here.cycle();
      expect(after.value("ktcloud_lb_total_count")).toBe(count);
      expect(after.all("ktcloud_lb_info")).toHaveLength(count);
      // Counters go on: only what was listed belongs to a filter.
      expect(after.value("ktcloud_api_calls_total", { operation: "token", code: "201" })).toBe(2);
    },
  );
});
