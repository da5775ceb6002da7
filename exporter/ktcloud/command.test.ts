import { describe, expect, test } from "bun:test";
import { ENDLESS } from "../testing/cloud.ts";
import type { JsonObject } from "./answer.ts";
import { createCommandApi } from "./command.ts";
import { ApiError } from "./errors.ts";

/** An API whose client answers everything with one object. */
function apiAnswering(answer: JsonObject, asked: string[] = []) {
  return createCommandApi({
    get: async (_operation, path) => {
      asked.push(path);
      return answer;
    },
  });
}

const LB = { loadbalancerid: 1, name: "a" };

describe("listLoadBalancers() takes every shape of a list", () => {
  test.each([
    [{ count: 0, loadbalancer: [] }, 0],
    [{ count: 0 }, 0],
    [{}, 0],
    [{ loadbalancer: null }, 0],
    [{ count: "0", loadbalancer: null }, 0],
    [{ loadbalancer: LB }, 1],
    [{ LoadBalancer: [LB] }, 1],
    [{ count: 7, loadbalancer: [LB] }, 1],
  ])("%j holds %d", async (envelope, length) => {
    const listing = await apiAnswering({
      listloadbalancersresponse: envelope,
    }).listLoadBalancers(ENDLESS);
    expect(listing.items).toHaveLength(length);
    expect(listing.listed).toBe(length);
  });
});

describe("listLoadBalancers() refuses as unreadable, never as empty,", () => {
  test.each([
    [{}, "no listloadbalancersresponse in the answer"],
    [{ other: {} }, "no listloadbalancersresponse in the answer"],
    [{ listloadbalancersresponse: [] }, "no listloadbalancersresponse in the answer"],
    [{ listloadbalancersresponse: { loadbalancer: "x" } }, "loadbalancer is no list"],
    [
      { listloadbalancersresponse: { count: 3, loadbalancer: [] } },
      "the count is 3, but loadbalancer holds nothing",
    ],
    [
      { listloadbalancersresponse: { count: "2" } },
      "the count is 2, but loadbalancer holds nothing",
    ],
    [
      { listloadbalancersresponse: { loadbalancer: [{}, null] } },
      "none of the 2 items in loadbalancer can be read",
    ],
  ])("%j", async (answer, message) => {
    const error = await apiAnswering(answer)
      .listLoadBalancers(ENDLESS)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ failure: "parse", operation: "list_load_balancers", message });
  });
});

test("listServers() asks for one load balancer, with the command first and response=json last", async () => {
  const asked: string[] = [];
  const answer = { listloadbalancerwebserversresponse: { loadbalancerwebserver: [] } };
  await apiAnswering(answer, asked).listServers("45 486", ENDLESS);
  expect(asked).toEqual([
    "/loadbalancer/client/api?command=listLoadBalancerWebServers&loadbalancerid=45+486&response=json",
  ]);
});
