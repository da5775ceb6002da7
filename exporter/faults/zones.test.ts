/** Several zones and accounts of which one has trouble: the others are whole, and no sum is of a part. */
import { describe, expect, test } from "bun:test";
import { ACCOUNT } from "../testing/cloud.ts";
import type { PageView } from "../testing/page-view.ts";
import { BOTH, failuresOn, startStation } from "../testing/station.ts";

const TWO_ZONES = [{ zone: "DX-M1" }, { zone: "DX-G" }] as const;

function serversIn(page: PageView, labels: Readonly<Record<string, string>>): number {
  return page.all("ktcloud_lb_server_state", labels).length;
}

describe.each([...BOTH])("of two zones by %s", (dialect) => {
  const targets = TWO_ZONES.map((zone) => ({ ...zone, dialect }));

  test("one that is down is kept for five minutes, then gone from the page, and the total with it", async () => {
    await using here = startStation({ targets });
    const before = await here.cycle();
    expect(before.value("ktcloud_lb_total_count")).toBe(12);
    here.cloud.turn({ faults: [{ kind: "status", status: 503, zone: "gd1" }] });
    for (let minute = 1; minute <= 7; minute += 1) {
      const page = await here.cycle();
      const kept = minute <= 5;
      expect(page.value("ktcloud_zone_up", { zone: "DX-M1" })).toBe(1);
      expect(page.value("ktcloud_zone_up", { zone: "DX-G" })).toBe(0);
      expect(page.value("ktcloud_lb_total_count")).toBe(kept ? 12 : undefined);
      expect(serversIn(page, { zone: "DX-M1" })).toBe(18);
      expect(serversIn(page, { zone: "DX-G" })).toBe(kept ? 18 : 0);
      expect(page.value("ktcloud_zone_load_balancers", { zone: "DX-M1" })).toBe(6);
      expect(failuresOn(page)).toEqual([`list_load_balancers http ${minute}`]);
    }
    here.cloud.turn({ faults: [] });
    expect((await here.cycle()).value("ktcloud_lb_total_count")).toBe(12);
  });

  test("one that hangs takes no time from the other", async () => {
    await using here = startStation({ targets, settings: { deadlineMs: 150 } });
    here.cloud.turn({ faults: [{ kind: "stall", zone: "gd1" }] });
    const page = await here.cycle();
    expect(serversIn(page, { zone: "DX-M1" })).toBe(18);
    expect(page.value("ktcloud_zone_up", { zone: "DX-G" })).toBe(0);
    expect(page.value("ktcloud_lb_total_count")).toBeUndefined();
  });

  test("one that is really empty adds 0 to the total", async () => {
    await using here = startStation({ targets });
    here.cloud.turn({ zones: { gd1: { loadBalancers: 0, emptyShape: "null" } } });
    const page = await here.cycle();
    expect(page.value("ktcloud_lb_total_count")).toBe(6);
    expect(page.value("ktcloud_zone_load_balancers", { zone: "DX-G" })).toBe(0);
  });
});

test.each([...BOTH])(
  "of two accounts in one zone by %s one has a wrong password",
  async (dialect) => {
    const second = { account: "second@example.com", password: "another" };
    await using here = startStation({
      targets: [
        { account: "one", dialect },
        { account: "two", dialect, credentials: { ...second, password: "wrong" } },
      ],
    });
    here.cloud.turn({ accounts: [second] });
    for (let minute = 1; minute <= 10; minute += 1) {
      const page = await here.cycle();
      expect(page.value("ktcloud_zone_up", { account: "one" })).toBe(1);
      expect(page.value("ktcloud_zone_up", { account: "two" })).toBe(0);
      expect(serversIn(page, { account: "one" })).toBe(18);
      expect(serversIn(page, { account: "two" })).toBe(0);
      expect(page.value("ktcloud_lb_total_count")).toBeUndefined();
      expect(page.value("ktcloud_zone_load_balancers", { account: "two" })).toBeUndefined();
    }
    expect(here.cloud.counts.unauthorised).toBeLessThanOrEqual(5);
    expect(here.warnings()).toHaveLength(here.cloud.counts.unauthorised);
    expect(here.warnings()[0]).toContain("zone=DX-M1 account=two class=auth operation=token");
    const right = { ...here.target, account: "two", dialect, credentials: second };
    const [first = here.target] = here.settings.targets;
    here.collector.configure({ ...here.settings, targets: [first, right] });
    const page = await here.cycle();
    expect(page.value("ktcloud_lb_total_count")).toBe(12);
    expect(serversIn(page, { account: "two" })).toBe(18);
    expect(here.cloud.tokensIssued()).toBe(2);
    expect(here.lines.join("")).not.toContain(`password=${ACCOUNT}`);
  },
);

describe("where the generation has to be found", () => {
  test("404 in the gateway's words for both is a failure, tried anew each cycle", async () => {
    await using here = startStation({ target: { dialect: "auto" } });
    here.cloud.turn({ dialect: "none" });
    const page = await here.cycle();
    expect(failuresOn(page)).toEqual(["list_load_balancers http 1"]);
    expect(here.warnings()[0]).toContain("Service Not Found");
    expect(here.cloud.counts.notFound).toBe(3);
    here.cloud.turn({ dialect: "command-legacy-path" });
    const after = await here.cycle();
    expect(after.values("ktcloud_zone_dialect_info", "dialect")).toEqual(["command"]);
    expect(after.value("ktcloud_lb_total_count")).toBe(6);
  });

  test.each([401, 403, 429, 500, 502, 503] as const)(
    "%d for the known one never asks the other, whose ids would be new",
    async (status) => {
      await using here = startStation({ target: { dialect: "auto" } });
      const before = await here.cycle();
      here.cloud.turn({
        faults: [{ kind: "status", status, body: "html", call: "listLoadBalancers" }],
      });
      const during = await here.cycle();
      expect(during.values("ktcloud_lb_info", "lb_id")).toEqual(
        before.values("ktcloud_lb_info", "lb_id"),
      );
      expect(during.values("ktcloud_zone_dialect_info", "dialect")).toEqual(["rest"]);
      expect(here.cloud.counts.byDialect.command.listLoadBalancers).toBe(0);
    },
  );

  test("a change of generation is told of once, ends the old ids and begins the new ones", async () => {
    await using here = startStation({ target: { dialect: "auto" } });
    await here.cycle();
    here.cloud.turn({ dialect: "command" });
    const page = await here.cycle();
    expect(page.values("ktcloud_lb_info", "lb_id")[0]).toBe("38000");
    expect(page.all("ktcloud_lb_info")).toHaveLength(6);
    expect(page.all("ktcloud_lb_server_state")).toHaveLength(18);
    await here.cycle();
    expect(here.warnings()).toHaveLength(1);
    expect(here.warnings()[0]).toContain("from=rest to=command");
  });
});
