import { describe, expect, test } from "bun:test";
import { ENDLESS } from "../testing/cloud.ts";
import type { JsonObject } from "./answer.ts";
import { createRestApi } from "./rest.ts";

/** An API whose client gives these answers, one for each call, and the paths that it asked for. */
function apiAnswering(...answers: readonly JsonObject[]) {
  const asked: string[] = [];
  const client = {
    get: async (_operation: string, path: string) => {
      asked.push(path);
      return answers[asked.length - 1] ?? {};
    },
  };
  return { api: createRestApi(client, { pageSize: 2 }), asked };
}

const lb = (id: string) => ({ loadbalancerId: id, loadbalancerName: `lb-${id}` });

describe("listLoadBalancers() asks for pages", () => {
  test.each<[string, JsonObject[], number]>([
    ["until it has the total", [page(["a", "b"], 3), page(["c"], 3)], 2],
    ["once where the total is all there", [page(["a", "b"], 2)], 1],
    ["until one is empty where nothing is told", [page(["a", "b"]), page(["c"]), page([])], 3],
    ["until one repeats what was there", [page(["a", "b"]), page(["a", "b"])], 2],
    ["until one is empty where there is no total", [page(["a", "b"]), page([])], 2],
    ["until one is empty where the total is too high", [page(["a"], 9), page([], 9)], 2],
    ["until one is not full where the total is too low", [page(["a", "b"], 1), page(["c"], 1)], 2],
    [
      "smaller than it wanted, as the cloud gives them",
      [
        { data: [lb("a")], pagination: { size: 1 } },
        { data: [lb("b")], pagination: { size: 1 } },
        { data: [], pagination: { size: 1 } },
      ],
      3,
    ],
  ])("%s", async (_name, answers, calls) => {
    const { api, asked } = apiAnswering(...answers);
    await api.listLoadBalancers(ENDLESS);
    expect(asked).toEqual(
      Array.from({ length: calls }, (_, index) => `/loadbalancers?page=${index + 1}&size=2`),
    );
  });

  test("and takes a load balancer that moved to the next page meanwhile once", async () => {
    const { api } = apiAnswering(page(["a", "b"], 4), page(["b", "c"], 4));
    const listing = await api.listLoadBalancers(ENDLESS);
    expect(listing.items.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(listing).toMatchObject({ listed: 3, duplicates: 1, claimed: 4 });
  });

  test("and takes what has no id once, of a cloud that gives the same page for ever", async () => {
    const same = { data: [lb("a"), { loadbalancerName: "x" }, null] };
    const { api, asked } = apiAnswering(...Array.from({ length: 60 }, () => structuredClone(same)));
    const listing = await api.listLoadBalancers(ENDLESS);
    expect(listing).toMatchObject({ items: [{ id: "a" }], listed: 3, unreadable: 2 });
    expect(asked).toHaveLength(2);
  });

  test("and fails at a later one of which nothing can be read", async () => {
    const { api } = apiAnswering(page(["a", "b"]), { data: [{}, []] });
    const error = await api.listLoadBalancers(ENDLESS).catch((thrown: unknown) => thrown);
    const message = "none of the 2 items in data can be read";
    expect(error).toMatchObject({ failure: "parse", message });
  });

  test("but not for ever of a cloud that never ends", async () => {
    const endless = Array.from({ length: 60 }, (_, index) => page([`${index}a`, `${index}b`]));
    const { api, asked } = apiAnswering(...endless);
    const error = await api.listLoadBalancers(ENDLESS).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: "parse", message: "no end of the list after 50 pages" });
    expect(asked).toHaveLength(50);
  });
});

function page(ids: readonly string[], total?: number): JsonObject {
  return {
    data: ids.map(lb),
    ...(total !== undefined && { pagination: { size: 2, total, offset: 0 } }),
  };
}

describe("listLoadBalancers() refuses as unreadable, never as empty,", () => {
  test.each<[JsonObject, string]>([
    [{}, "no data in the answer"],
    [{ data: "x" }, "data is no list"],
    [{ data: [], pagination: { total: 3 } }, "the count is 3, but data holds nothing"],
    [{ data: [{}, null], pagination: { total: 2 } }, "none of the 2 items in data can be read"],
  ])("%j", async (answer, message) => {
    const error = await apiAnswering(answer)
      .api.listLoadBalancers(ENDLESS)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: "parse", operation: "list_load_balancers", message });
  });
});

test.each<[JsonObject]>([[{ data: null }], [{ data: [], pagination: null }]])(
  "listLoadBalancers() takes %j as really empty",
  async (answer) => {
    const listing = await apiAnswering(answer).api.listLoadBalancers(ENDLESS);
    expect(listing).toMatchObject({ items: [], listed: 0 });
  },
);

describe("listServers()", () => {
  test("reads data.vm, whatever the case of its keys", async () => {
    const vm = {
      ipAddress: "172.25.0.178",
      publicPort: 80,
      monitorState: "UP",
      vSvrServiceHitsRate: 10,
      avgSvrTtfb: "34",
      curCLntConnections: 15,
      requestByteRate: 1200,
      responseByteRate: null,
    };
    const { api, asked } = apiAnswering({ data: { vm: [vm], other: 1 } });
    expect((await api.listServers("a/b ?", ENDLESS)).items).toEqual([
      {
        ip: "172.25.0.178",
        port: "80",
        state: "UP",
        connections: 15,
        throughputRate: undefined,
        averageTtfbMs: 34,
        requestsPerSecond: 10,
        requestByteRate: 1200,
        responseByteRate: undefined,
      },
    ]);
    expect(asked).toEqual(["/loadbalancers/a%2Fb%20%3F/servers"]);
  });

  test.each<[JsonObject, number]>([
    [{ data: {} }, 0],
    [{ data: { vm: null } }, 0],
    [{ data: { vm: [] } }, 0],
    [{ data: { vm: { ipaddress: "1", publicport: 2 } } }, 1],
  ])("takes %j as %d servers", async (answer, length) => {
    const listing = await apiAnswering(answer).api.listServers("a", ENDLESS);
    expect(listing.listed).toBe(length);
  });

  test.each<[JsonObject, string]>([
    [{}, "data in the answer is no object"],
    [{ data: [] }, "data in the answer is no object"],
    [{ data: { vm: 7 } }, "data.vm is no list"],
  ])("refuses %j as unreadable", async (answer, message) => {
    const error = await apiAnswering(answer)
      .api.listServers("a", ENDLESS)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: "parse", operation: "list_servers", message });
  });
});
