/** Each step in which an answer is checked (contract 8.2), for both lists of both dialects: what it costs, and what not. */
import { describe, expect, test } from "bun:test";
import type { Dialect } from "../ktcloud/api.ts";
import type { FailureClass } from "../ktcloud/errors.ts";
import type { KnobChange } from "../ktcloud/simulator/knobs.ts";
import { BOTH, factsOf, failuresOn, startStation } from "../testing/station.ts";

type Fault = NonNullable<KnobChange["faults"]>[number];

const json = (body: unknown): Fault => ({ kind: "envelope", body });

/** What goes wrong with a list, whichever it is. */
const EVERYWHERE: readonly (readonly [string, Fault, FailureClass])[] = [
  ["1, a connection that is reset", { kind: "reset" }, "network"],
  ["1, a connection that is cut in the body", { kind: "cut" }, "network"],
  ["1, an answer that does not come", { kind: "delay", ms: 60_000 }, "timeout"],
  ["1, a body that stands still", { kind: "stall" }, "timeout"],
  ["3, 401 for every token", { kind: "status", status: 401, body: "keystone" }, "auth"],
  ["3, 401 with a page of HTML", { kind: "status", status: 401, body: "html" }, "auth"],
  ["5, 429", { kind: "status", status: 429, body: "empty" }, "ratelimit"],
  ["5, 498", { kind: "status", status: 498, body: "html" }, "ratelimit"],
  ["5, 500 that speaks of a rate limit", status(500, "ratelimit"), "ratelimit"],
  ["5, 404 that speaks of a rate limit", status(404, "ratelimit"), "ratelimit"],
  ["5, 200 that speaks of a rate limit", { kind: "refusal", shape: "ratelimit" }, "ratelimit"],
  ["6, 400", status(400, "itemNotFound"), "http"],
  ["6, 403", status(403, "keystone"), "http"],
  ["6, 404 without the gateway's words", status(404, "itemNotFound"), "http"],
  ["6, 500", status(500, "gateway"), "http"],
  ["6, 500 with another body", status(500, "httpStatus"), "http"],
  ["6, 502 with a page of HTML", status(502, "html"), "http"],
  ["6, 503 without a body", status(503, "empty"), "http"],
  ["6, 503 as text", status(503, "text"), "http"],
  ["6, 504 with half a body", status(504, "truncated"), "http"],
  ["6, a redirect", { kind: "redirect" }, "http"],
  ["7, half of the JSON", { kind: "truncated" }, "parse"],
  ["7, an array", json([]), "parse"],
  ["7, null", json(null), "parse"],
  ["7, text", json("<html></html>"), "parse"],
  ["7, a number", json(7), "parse"],
  ["8, the gateway's error", { kind: "refusal", shape: "gateway" }, "api"],
  ["8, an error code", { kind: "refusal", shape: "errorcode" }, "api"],
  ['8, success "false"', { kind: "refusal", shape: "success" }, "api"],
  ["8, success false", { kind: "refusal", shape: "successBoolean" }, "api"],
  ["8, a numeric error code", json({ response: { errorcode: 431 } }), "api"],
  ["8, an error text alone", json({ Response: { "ErrorText ": "no" } }), "api"],
  ["9, an empty object", json({}), "parse"],
  ["9, another envelope", json({ listvirtualmachinesresponse: { count: 0 } }), "parse"],
];

/** What goes wrong with the list of a dialect. */
const OF_LIST: Readonly<Record<Dialect, typeof EVERYWHERE>> = {
  command: [
    ["8, an error beside an empty list", command({ errorcode: "9", loadbalancer: [] }), "api"],
    ["9, an envelope that is null", json({ listloadbalancersresponse: null }), "parse"],
    ["9, an envelope that is a list", json({ listloadbalancersresponse: [] }), "parse"],
    ["10, a count without items", command({ count: 6 }), "parse"],
    ["10, a count as text without items", command({ count: "6", loadbalancer: [] }), "parse"],
    ["10, items of which none can be read", command({ loadbalancer: [{}, null, 7] }), "parse"],
    ["10, items that are text", command({ loadbalancer: "none" }), "parse"],
  ],
  rest: [
    ["8, an error beside an empty list", json({ errorcode: "9", data: [] }), "api"],
    ["8, success false beside an empty list", json({ success: false, data: [] }), "api"],
    ["8, httpStatus beside no list", json({ httpStatus: 500, data: null }), "api"],
    ["8, httpStatus as text beside an empty list", json({ httpStatus: "503", data: [] }), "api"],
    ["8, an error object beside no list", json({ error: { code: 500 }, data: null }), "api"],
    ["9, pagination alone", json({ pagination: { total: 0 } }), "parse"],
    ["10, a total without items", json({ pagination: { total: 6 }, data: [] }), "parse"],
    ["10, a total with null", json({ pagination: { total: "6" }, data: null }), "parse"],
    ["10, items of which none can be read", json({ data: [{}, null, 7] }), "parse"],
    ["10, items that are text", json({ data: "none" }), "parse"],
  ],
};

/** What goes wrong with the servers of one load balancer. */
const OF_SERVERS: Readonly<Record<Dialect, typeof EVERYWHERE>> = {
  command: [
    ["8, an error beside no list", servers({ errorcode: 9, loadbalancerwebserver: null }), "api"],
    ["9, the envelope of the other list", command({ count: 0 }), "parse"],
    ["9, an envelope that is null", json({ listloadbalancerwebserversresponse: null }), "parse"],
    ["10, a count without items", servers({ count: 3 }), "parse"],
    ["10, items of which none can be read", servers({ loadbalancerwebserver: [{}] }), "parse"],
    ["10, items that are a number", servers({ loadbalancerwebserver: 3 }), "parse"],
  ],
  rest: [
    ["8, an error beside an empty list", json({ data: { errorcode: 9, vm: [] } }), "api"],
    ["8, httpStatus beside an empty list", json({ httpStatus: 500, data: { vm: [] } }), "api"],
    ["9, data that is null", json({ data: null }), "parse"],
    ["9, data that is a list", json({ data: [] }), "parse"],
    ["10, items of which none can be read", json({ data: { vm: [{}] } }), "parse"],
    ["10, items that are a number", json({ data: { vm: 3 } }), "parse"],
  ],
};

function status(code: number, body: Extract<Fault, { kind: "status" }>["body"]): Fault {
  return { kind: "status", status: code, body };
}

function command(envelope: object): Fault {
  return json({ listloadbalancersresponse: envelope });
}

function servers(envelope: object): Fault {
  return json({ listloadbalancerwebserversresponse: envelope });
}

function station(dialect: Dialect) {
  return startStation({ target: { dialect, timeoutMs: 100 }, fleet: { loadBalancers: 3 } });
}

describe.each([...BOTH])("the list by %s fails at step", (dialect) => {
  const rows = [...EVERYWHERE, ...OF_LIST[dialect]];
  test.each(rows)("%s: the last good zone stays", async (_name, fault, failure) => {
    await using here = station(dialect);
    const before = await here.cycle();
    here.cloud.turn({ faults: [{ ...fault, call: "listLoadBalancers" }] });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(during.value("ktcloud_zone_up")).toBe(0);
    expect(during.value("ktcloud_zone_consecutive_failures")).toBe(1);
    expect(failuresOn(during)).toEqual([`list_load_balancers ${failure} 1`]);
    expect(here.warnings()).toHaveLength(1);
    expect(here.warnings()[0]).toContain(
      `msg="Cannot list the load balancers" zone=DX-M1 class=${failure} operation=list_load_balancers`,
    );
    here.cloud.turn({ faults: [] });
    const after = await here.cycle();
    expect(factsOf(after)).toEqual(factsOf(before));
    expect(after.value("ktcloud_zone_up")).toBe(1);
    expect(after.all("ktcloud_lb_success", {}).every(({ value }) => value === 1)).toBe(true);
    expect(here.warnings()).toHaveLength(1);
  });
});

describe.each([...BOTH])("the servers of one by %s fail at step", (dialect) => {
  const rows = [...EVERYWHERE, ...OF_SERVERS[dialect]];
  test.each(rows)("%s: they stay, all else is fresh", async (_name, fault, failure) => {
    await using here = station(dialect);
    const before = await here.cycle();
    const only = { call: "listLoadBalancerWebServers", lbId: "38002" } as const;
    here.cloud.turn({ faults: [{ ...fault, ...only }] });
    const during = await here.cycle();
    expect(factsOf(during)).toEqual(factsOf(before));
    expect(during.value("ktcloud_zone_up")).toBe(1);
    const failed = during.all("ktcloud_lb_success").filter(({ value }) => value === 0);
    expect(failed.map(({ labels }) => labels.lb_name)).toEqual(["gyeolje-api-lb-1"]);
    expect(failuresOn(during)).toEqual([`list_servers ${failure} 1`]);
    expect(here.warnings()).toHaveLength(1);
    expect(here.warnings()[0]).toMatch(
      RegExp(`msg="Cannot list servers" zone=DX-M1 class=${failure} .* load_balancers=1 `),
    );
    here.cloud.turn({ faults: [] });
    const after = await here.cycle();
    expect(factsOf(after)).toEqual(factsOf(before));
    expect(after.all("ktcloud_lb_success").every(({ value }) => value === 1)).toBe(true);
    expect(here.warnings()).toHaveLength(1);
  });
});
