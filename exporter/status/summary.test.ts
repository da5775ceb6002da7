import { describe, expect, test } from "bun:test";
import { balancer, night, serversIn, zone } from "../testing/status.ts";
import type { ZoneStatus } from "./facts.ts";
import type { Level } from "./judge.ts";
import { judgeZones, summarise, zoneName } from "./summary.ts";

const AWAITED = { up: false, lastSuccessAtMs: undefined, balancers: undefined };
const SILENT = { up: false, problem: "refused", failures: 1 };

function words(...zones: ZoneStatus[]): string {
  const { parts } = summarise(judgeZones(zones));
  return parts.map(({ text, trouble }) => (trouble ? `*${text}*` : text)).join("; ");
}

describe("summarise() says", () => {
  test.each<[string, ZoneStatus[], Level, string]>([
    ["all well", [zone()], "good", "The zone answers; 1 load balancer; both servers are UP"],
    [
      "all well, in several zones",
      [zone(), zone({ zone: "DX-G", balancers: [] })],
      "good",
      "Both zones answer; 1 load balancer; both servers are UP",
    ],
    ["none there", [zone({ balancers: [] })], "good", "The zone answers; no load balancers"],
    ["no zone", [], "warn", "*No zone is configured*"],
    ["the beginning", [zone(AWAITED)], "warn", "1 zone is being collected for the first time"],
    [
      "a beginning beside another",
      [zone(), zone(AWAITED)],
      "warn",
      "1 of 2 zones answers; 1 zone is being collected for the first time; 1 load balancer; both servers are UP",
    ],
    [
      "silence, nothing known",
      [zone({ ...SILENT, balancers: undefined })],
      "bad",
      "*The zone does not answer*",
    ],
    [
      "silence, with what was known",
      [zone(SILENT), zone(SILENT)],
      "bad",
      "*None of 2 zones answers*; 2 load balancers; *2 load balancers as last known*; all 4 servers are UP",
    ],
    [
      "items left out",
      [zone({ dropped: 3 })],
      "warn",
      "The zone answers; 1 load balancer; both servers are UP; *3 items of the cloud's lists could not be read*",
    ],
    [
      "what could not be read, and what is down",
      [
        zone({
          balancers: [
            balancer({ problem: "refused", servers: undefined }),
            balancer({ state: "DOWN", servers: serversIn("DOWN", "DOWN") }),
            balancer({ servers: serversIn("UP", "BUSY") }),
          ],
        }),
      ],
      "bad",
      "The zone answers; *1 of 3 load balancers could not be read*; *1 of 3 load balancers is DOWN*; *2 of 4 servers are DOWN*; *1 of 4 servers is neither UP nor DOWN*",
    ],
  ])("%s", (_, zones, level, expected) => {
    expect(words(...zones)).toBe(expected);
    expect(summarise(judgeZones(zones)).level).toBe(level);
  });
});

test("judgeZones() puts silent zones first, then troubled ones, and keeps each one's anchor", () => {
  const order = judgeZones(night().zones).map((one) => `${one.anchor} ${zoneName(one.zone)}`);
  expect(order).toEqual(["zone-3 shop / DX-G", "zone-2 shop / DX-M1", "zone-1 labs / DX-Central"]);
});

test("zoneName() has an account only where there is a configuration file", () => {
  expect([zoneName(zone()), zoneName(zone({ account: "shop" }))]).toEqual([
    "DX-M1",
    "shop / DX-M1",
  ]);
});
