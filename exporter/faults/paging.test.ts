/** Lists in pages, and load balancers that come, go and move while they are read. */
import { describe, expect, test } from "bun:test";
import { BOTH, createStation, factsOf, failuresOn, startStation } from "../testing/station.ts";

interface Page {
  readonly data: unknown;
  readonly pagination?: unknown;
}

const UUIDS = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => ({
    loadbalancerId: `u-${from + index}`,
    loadbalancerName: `lb-${from + index}`,
    state: "UP",
  }));

/** A cloud whose list comes in these pages, whatever size is asked for; beyond the last one they are empty. */
function startPaged(pages: readonly Page[]) {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (request.method === "POST")
        return Response.json({}, { status: 201, headers: { "x-subject-token": "T" } });
      if (pathname.endsWith("/servers")) return Response.json({ data: { vm: [] } });
      asked.push(searchParams.toString());
      return Response.json(pages[Number(searchParams.get("page")) - 1] ?? { data: [] });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const TWENTY = { size: 20, total: 21, offset: 0 };

describe("a list in pages", () => {
  test.each<[string, readonly Page[], number, number]>([
    [
      "of 20, as where no size is named, is read to its end",
      [
        { data: UUIDS(0, 20), pagination: TWENTY },
        { data: UUIDS(20, 21), pagination: { ...TWENTY, offset: 20 } },
      ],
      21,
      2,
    ],
    [
      "of 20 whose total is text",
      [
        { data: UUIDS(0, 20), pagination: { size: "20", total: " 21 " } },
        { data: UUIDS(20, 21), pagination: { size: "20", total: "21" } },
      ],
      21,
      2,
    ],
    [
      "of 20 without a total goes on while they are full",
      [
        { data: UUIDS(0, 20), pagination: { size: 20 } },
        { data: UUIDS(20, 21), pagination: { size: 20 } },
      ],
      21,
      2,
    ],
    [
      "whose total is too low goes on while they are full",
      [
        { data: UUIDS(0, 20), pagination: { size: 20, total: 1 } },
        { data: UUIDS(20, 40), pagination: { size: 20, total: 1 } },
        { data: UUIDS(40, 45), pagination: { size: 20, total: 1 } },
      ],
      45,
      3,
    ],
    [
      "whose total is 0 goes on all the same",
      [
        { data: UUIDS(0, 20), pagination: { size: 20, total: 0 } },
        { data: UUIDS(20, 25), pagination: { size: 20, total: 0 } },
      ],
      25,
      2,
    ],
    [
      "whose total grows, since one was added in front, holds the one that moved once",
      [
        { data: UUIDS(0, 20), pagination: { size: 20, total: 25 } },
        { data: UUIDS(19, 25), pagination: { size: 20, total: 26 } },
      ],
      25,
      2,
    ],
  ])("%s", async (_name, pages, count, calls) => {
    await using cloud = startPaged(pages);
    const page = await createStation(cloud.url, { target: { dialect: "rest" } }).cycle();
    expect(failuresOn(page)).toEqual([]);
    expect(page.value("ktcloud_lb_total_count")).toBe(count);
    expect(page.all("ktcloud_lb_success").filter(({ value }) => value === 1)).toHaveLength(count);
    expect(cloud.asked).toEqual(
      Array.from({ length: calls }, (_, index) => `page=${index + 1}&size=2000`),
    );
  });

  test.each([
    ["at an empty page", [{ data: UUIDS(0, 20), pagination: { size: 20, total: 500 } }]],
    [
      "at a page that is the first again",
      Array.from({ length: 3 }, () => ({ data: UUIDS(0, 20), pagination: { total: 100 } })),
    ],
  ])("that ends %s before its total has failed: a part is not the whole", async (_name, pages) => {
    await using cloud = startPaged(pages);
    const page = await createStation(cloud.url, { target: { dialect: "rest" } }).cycle();
    expect(failuresOn(page)).toEqual(["list_load_balancers parse 1"]);
    expect(page.value("ktcloud_lb_total_count")).toBeUndefined();
  });

  test("that never ends has failed", async () => {
    const pagination = { size: 20 };
    const pages = Array.from({ length: 60 }, (_, index) => ({
      data: UUIDS(index * 20, index * 20 + 20),
      pagination,
    }));
    await using cloud = startPaged(pages);
    const page = await createStation(cloud.url, { target: { dialect: "rest" } }).cycle();
    expect(failuresOn(page)).toEqual(["list_load_balancers parse 1"]);
    expect(page.value("ktcloud_zone_up")).toBe(0);
    expect(factsOf(page)).toEqual([]);
    expect(cloud.asked).toHaveLength(50);
  });

  test("of which the second fails is no list of the first", async () => {
    await using here = startStation({ target: { dialect: "rest" }, fleet: { loadBalancers: 6 } });
    const before = await here.cycle();
    const page = (from: number) => ({
      kind: "envelope" as const,
      body: { data: UUIDS(from, from + 20), pagination: TWENTY },
      call: "listLoadBalancers" as const,
      times: 1,
    });
    const fault = { kind: "status", status: 500, call: "listLoadBalancers" } as const;
    here.cloud.turn({ faults: [page(0), fault] });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(failuresOn(during)).toEqual(["list_load_balancers http 1"]);
  });
});

test.each([...BOTH])("2,001 load balancers by %s are all there, each once", async (dialect) => {
  await using here = startStation({
    target: { dialect, concurrency: 16 },
    fleet: { loadBalancers: 2001, servers: 1 },
  });
  const page = await here.cycle();
  expect(page.value("ktcloud_lb_total_count")).toBe(2001);
  expect(page.values("ktcloud_lb_info", "lb_id")).toHaveLength(2001);
  expect(page.all("ktcloud_lb_server_state")).toHaveLength(2001);
  expect(here.cloud.counts.calls.listLoadBalancers).toBe(dialect === "rest" ? 2 : 1);
  expect(failuresOn(page)).toEqual([]);
});

describe.each([...BOTH])("by %s a load balancer that", (dialect) => {
  test("vanishes between the list and its servers keeps them, until the list knows it too", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn({ balancers: { "38002": { hide: "servers" } } });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(during.value("ktcloud_lb_success", { lb_name: "gyeolje-api-lb-1" })).toBe(0);
    expect(failuresOn(during)).toEqual(["list_servers http 1"]);
    here.cloud.turn({ balancers: { "38002": { hide: "everywhere" } } });
    const after = await here.cycle();
    expect(after.value("ktcloud_lb_total_count")).toBe(5);
    expect(factsOf(after).filter(({ labels }) => labels.lb_name === "gyeolje-api-lb-1")).toEqual(
      [],
    );
    expect(failuresOn(after)).toEqual(["list_servers http 1"]);
  });

  test("is gone from the list for a cycle is gone for that cycle, and whole in the next", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn({ balancers: { "38002": { hide: "list" } } });
    expect((await here.cycle()).value("ktcloud_lb_total_count")).toBe(5);
    here.cloud.turn({ balancers: {} });
    expect(factsOf(await here.cycle())).toEqual(factsOf(before));
  });

  test("loses and gains servers shows those that there are", async () => {
    await using here = startStation({ target: { dialect } });
    await here.cycle();
    here.cloud.turn({ balancers: { "38002": { servers: 5, withoutServers: [0] } } });
    const page = await here.cycle();
    const own = { lb_name: "gyeolje-api-lb-1" };
    expect(page.value("ktcloud_lb_server_count", own)).toBe(4);
    expect(page.all("ktcloud_lb_server_state", own)).toHaveLength(4);
  });
});
