import { describe, expect, test } from "bun:test";
import { balancer, serversIn, zone } from "../testing/status.ts";
import type { BalancerStatus } from "./facts.ts";
import { type Limits, shareOut } from "./share.ts";
import { judgeZones } from "./summary.ts";

const LIMITS: Limits = { whole: 3, servers: 8, lines: 2 };

/** Load balancers of two servers, named by their number, the given ones in trouble. */
function balancers(count: number, troubled: readonly number[] = []): BalancerStatus[] {
  return Array.from({ length: count }, (_, i) =>
    balancer({
      id: String(i),
      servers: troubled.includes(i) ? serversIn("DOWN", "UP") : serversIn("UP", "UP"),
    }),
  );
}

function share(...zones: BalancerStatus[][]) {
  const judged = judgeZones(zones.map((list) => zone({ balancers: list })));
  return shareOut(judged, LIMITS).map(({ whole, lines, counted }) =>
    [whole, lines, counted].map((part) => part.map((one) => one.balancer.id).join(" ")),
  );
}

describe("shareOut() gives", () => {
  test.each([
    ["everything, where it fits", [balancers(3)], [["0 1 2", "", ""]]],
    ["only the troubled ones, where it does not", [balancers(4, [2])], [["2", "0 1", "3"]]],
    ["lines and no more, where all is well", [balancers(4)], [["", "0 1", "2 3"]]],
    [
      "what the limit allows, where all are in trouble",
      [balancers(6, [0, 1, 2, 3, 4, 5])],
      [["0 1 2", "3 4", "5"]],
    ],
    [
      "one page to all zones together",
      [balancers(3, [0, 1]), balancers(3, [0, 1])],
      [
        ["0 1", "2", ""],
        ["0", "1", "2"],
      ],
    ],
  ])("%s", (_, zones, expected) => {
    expect(share(...zones)).toEqual(expected);
  });

  test("a limit to servers, too, so that one large load balancer leaves room for small ones", () => {
    const large = balancer({ id: "large", servers: serversIn(...Array<string>(9).fill("DOWN")) });
    expect(share([large, ...balancers(1, [0])])).toEqual([["0", "large", ""]]);
  });

  test("nothing of a zone that is not known", () => {
    const judged = judgeZones([zone({ up: false, balancers: undefined })]);
    expect(shareOut(judged)).toEqual([{ whole: [], lines: [], counted: [] }]);
  });
});
