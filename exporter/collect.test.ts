import { describe, expect, test } from "bun:test";
import { collect, failuresOf } from "./collect.ts";
import type { LoadBalancerApi } from "./ktcloud/api.ts";
import { ApiError } from "./ktcloud/errors.ts";
import { readLoadBalancers, readServers } from "./ktcloud/schema.ts";
import { ENDLESS } from "./testing/cloud.ts";

const ids = (count: number) => ({
  ...readLoadBalancers(
    Array.from({ length: count }, (_, id) => ({ loadbalancerid: id, name: `lb-${id}` })),
  ),
  claimed: count,
});
const none = { ...readServers([]), claimed: 0 };

const every = { concurrency: 2, wanted: () => true, askedAt: () => undefined, cycle: ENDLESS };

const refused = new ApiError("no", { failure: "auth", operation: "token" });

function api(over: Partial<LoadBalancerApi>): LoadBalancerApi {
  return {
    dialect: "rest",
    listLoadBalancers: async () => ids(3),
    listServers: async () => none,
    ...over,
  };
}

describe("collect()", () => {
  test.each([
    [1, 10, 1],
    [4, 10, 4],
    [8, 3, 3],
    [4, 0, 0],
  ])(
    "with concurrency %d and %d load balancers has %d calls in flight at most",
    async (concurrency, count, most) => {
      let inFlight = 0;
      let peak = 0;
      const asked: string[] = [];
      const { servers } = await collect(
        api({
          listLoadBalancers: async () => ids(count),
          listServers: async (id) => {
            asked.push(id);
            inFlight += 1;
            peak = Math.max(peak, inFlight);
            await new Promise(setImmediate);
            inFlight -= 1;
            return none;
          },
        }),
        { ...every, concurrency },
      );
      expect(peak).toBe(most);
      expect(asked).toHaveLength(count);
      expect(servers.size).toBe(count);
    },
  );

  test("asks for no servers if the list fails", async () => {
    let asked = 0;
    const collection = await collect(
      api({
        listLoadBalancers: () => Promise.reject(refused),
        listServers: async () => {
          asked += 1;
          return none;
        },
      }),
      every,
    );
    expect(asked).toBe(0);
    expect(collection).toEqual({
      list: { kind: "failed", error: refused },
      servers: new Map(),
      asked: new Set(),
      dialect: "rest",
    });
  });

  test("keeps one load balancer's failure to itself", async () => {
    const { servers } = await collect(
      api({
        listServers: (id) => (id === "1" ? Promise.reject(refused) : Promise.resolve(none)),
      }),
      every,
    );
    expect(Object.fromEntries([...servers].map(([id, { kind }]) => [id, kind]))).toEqual({
      "0": "ok",
      "1": "failed",
      "2": "ok",
    });
  });

  test("asks only for load balancers that are wanted, and tells how many are not", async () => {
    const asked: string[] = [];
    const { list } = await collect(
      api({
        listServers: async (id) => {
          asked.push(id);
          return none;
        },
      }),
      { ...every, wanted: (name) => name !== "lb-1" },
    );
    expect(asked).toEqual(["0", "2"]);
    expect(list).toMatchObject({ value: { listed: 2, filtered: 1, claimed: 3 } });
  });

  test("asks for those first that have waited longest, else in the order of the list", async () => {
    const asked: string[] = [];
    const askedAt = new Map([
      ["0", 30],
      ["1", 10],
      ["3", 10],
    ]);
    await collect(
      api({
        listLoadBalancers: async () => ids(5),
        listServers: async (id) => {
          asked.push(id);
          return none;
        },
      }),
      { ...every, concurrency: 1, askedAt: (id) => askedAt.get(id) },
    );
    expect(asked).toEqual(["2", "4", "1", "3", "0"]);
  });

  test("asks for nothing more once the deadline has passed: the rest has failed with one error", async () => {
    const deadline = new AbortController();
    const collection = await collect(
      api({
        listLoadBalancers: async () => ids(10),
        listServers: async () => {
          deadline.abort();
          return none;
        },
      }),
      { ...every, concurrency: 1, cycle: { signal: deadline.signal, endsAtMs: 0 } },
    );
    const failed = [...collection.servers.values()].filter(({ kind }) => kind === "failed");
    expect([collection.servers.size, failed.length]).toEqual([10, 9]);
    expect([...failuresOf(collection)]).toMatchObject([{ failure: "timeout" }]);
    expect([...collection.asked]).toEqual(["0"]);
  });

  test("lets an error of our own through, since it is not the cloud's", async () => {
    const bug = new TypeError("bug");
    const outcome = collect(api({ listServers: () => Promise.reject(bug) }), every);
    expect(await outcome.catch((thrown: unknown) => thrown)).toBe(bug);
  });
});

test("failuresOf() counts a failure that many calls share once", async () => {
  const collection = await collect(api({ listServers: () => Promise.reject(refused) }), every);
  expect([...failuresOf(collection)]).toEqual([refused]);
});
