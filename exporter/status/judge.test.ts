import { describe, expect, test } from "bun:test";
import { balancer, serversIn, zone } from "../testing/status.ts";
import type { BalancerStatus } from "./facts.ts";
import { isAwaited, judgeBalancer, judgeBalancers, type Level } from "./judge.ts";

const FAILED = { problem: "list_servers failed (timeout): too slow" };

describe("judgeBalancer() finds", () => {
  test.each<[string, Partial<BalancerStatus>, Level, string[]]>([
    ["nothing, where all is UP", {}, "good", []],
    ["nothing, where there are no servers", { servers: [] }, "good", []],
    ["DOWN", { state: "DOWN", servers: [] }, "bad", ["the load balancer is DOWN"]],
    ["no state", { state: "" }, "warn", ["its state is NO STATE"]],
    ["another state", { state: "BUSY" }, "warn", ["its state is BUSY"]],
    ["what failed, before old servers", FAILED, "bad", ["its servers could not be read"]],
    ["what failed", { ...FAILED, servers: undefined }, "bad", ["its servers could not be read"]],
    ["what is not known", { servers: undefined }, "warn", ["its servers are not known"]],
    ["one of two", { servers: serversIn("UP", "DOWN") }, "bad", ["1 of 2 servers is DOWN"]],
    ["the only one", { servers: serversIn("DOWN") }, "bad", ["its only server is DOWN"]],
    ["both", { servers: serversIn("DOWN", "DOWN") }, "bad", ["both servers are DOWN"]],
    [
      "a server in another state",
      { servers: serversIn("UP", "BUSY") },
      "warn",
      ["1 of 2 servers is neither UP nor DOWN"],
    ],
    [
      "no server UP, whatever else",
      { servers: serversIn("", "BUSY") },
      "bad",
      ["both servers are neither UP nor DOWN"],
    ],
    [
      "everything at once",
      { ...FAILED, state: "DOWN", servers: serversIn("DOWN", "", "UP") },
      "bad",
      [
        "the load balancer is DOWN",
        "its servers could not be read",
        "1 of 3 servers is DOWN",
        "1 of 3 servers is neither UP nor DOWN",
      ],
    ],
  ])("%s", (_, given, level, reasons) => {
    expect(judgeBalancer(balancer(given))).toMatchObject({ level, reasons });
  });
});

test("judgeBalancers() puts the worst first and keeps the order of equals", () => {
  const list = [
    balancer({ id: "fine 1" }),
    balancer({ id: "another word", state: "BUSY" }),
    balancer({ id: "one of two down", servers: serversIn("UP", "DOWN") }),
    balancer({ id: "fine 2" }),
    balancer({ id: "unread", ...FAILED }),
    balancer({ id: "nothing up", servers: serversIn("DOWN", "DOWN") }),
    balancer({ id: "down", state: "DOWN", servers: serversIn("DOWN") }),
  ];
  expect(judgeBalancers(list).map((one) => one.balancer.id)).toEqual([
    "down",
    "nothing up",
    "unread",
    "one of two down",
    "another word",
    "fine 1",
    "fine 2",
  ]);
});

test.each([
  [{ up: false, lastSuccessAtMs: undefined }, true],
  [{ up: false, lastSuccessAtMs: undefined, problem: "refused" }, false],
  [{ up: false, lastSuccessAtMs: 1 }, false],
  [{ up: true }, false],
])("isAwaited(%p) is %p", (given, expected) => {
  expect(isAwaited(zone(given))).toBe(expected);
});
