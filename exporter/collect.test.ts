import { describe, expect, test } from "bun:test";
import { collect, failuresOf } from "./collect.ts";
import type { LoadBalancerApi } from "./ktcloud/command.ts";
import { ApiError } from "./ktcloud/errors.ts";
import { readLoadBalancers, readServers } from "./ktcloud/schema.ts";

const ids = (count: number) =>
  readLoadBalancers(Array.from({ length: count }, (_, id) => ({ loadbalancerid: id })));

const refused = new ApiError("no", { failure: "auth", operation: "token" });

function api(over: Partial<LoadBalancerApi>): LoadBalancerApi {
  return {
    listLoadBalancers: async () => ids(3),
    listServers: async () => readServers([]),
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
            return readServers([]);
          },
        }),
        concurrency,
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
          return readServers([]);
        },
      }),
      4,
    );
    expect(asked).toBe(0);
    expect(collection).toEqual({ list: { kind: "failed", error: refused }, servers: new Map() });
  });

  test("keeps one load balancer's failure to itself", async () => {
    const { servers } = await collect(
      api({
        listServers: (id) =>
          id === "1" ? Promise.reject(refused) : Promise.resolve(readServers([])),
      }),
      2,
    );
    expect(Object.fromEntries([...servers].map(([id, { kind }]) => [id, kind]))).toEqual({
      "0": "ok",
      "1": "failed",
      "2": "ok",
    });
  });

  test("lets an error of our own through, since it is not the cloud's", async () => {
    const bug = new TypeError("bug");
    const outcome = collect(api({ listServers: () => Promise.reject(bug) }), 2);
    expect(await outcome.catch((thrown: unknown) => thrown)).toBe(bug);
  });
});

test("failuresOf() counts a failure that many calls share once", async () => {
  const collection = await collect(api({ listServers: () => Promise.reject(refused) }), 2);
  expect([...failuresOf(collection)]).toEqual([refused]);
});
