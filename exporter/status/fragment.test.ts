import { describe, expect, test } from "bun:test";
import {
  BUILT_AT_MS,
  balancer,
  facts,
  fleet,
  HOSTILE,
  night,
  server,
  serversIn,
  wave,
  zone,
} from "../testing/status.ts";
import type { BalancerStatus, ZoneStatus } from "./facts.ts";
import { renderStatusFragment } from "./fragment.ts";

const SECTION = /<section[^>]*>.*?<\/section>/gs;

/** The text of one zone's section, as one line without markup. */
function sectionOf(given: Partial<ZoneStatus>): string {
  const [, section = ""] = renderStatusFragment(facts(zone(given))).match(SECTION) ?? [];
  return textOf(section);
}

function textOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ([.:,])/g, "$1")
    .trim();
}

function balancerText(given: Partial<BalancerStatus>, up = true): string {
  return sectionOf({ up, balancers: [balancer(given)], problem: up ? undefined : "refused" });
}

describe("renderStatusFragment() of a zone says", () => {
  const OLD = { up: false, problem: "list_load_balancers failed (timeout): too slow", failures: 3 };
  const FOUR_MINUTES = BUILT_AT_MS - 240_000;
  test.each<[string, Partial<ZoneStatus>, string]>([
    [
      "when it was listed, and how",
      { balancers: [balancer()] },
      "ANSWERS DX-M1 1 load balancer, no trouble · last listed 10:02:35 UTC · last collection took 380 ms · command API",
    ],
    ["that it is empty", { balancers: [] }, "The zone has no load balancers."],
    [
      "what is awaited",
      { up: false, lastSuccessAtMs: undefined, lastDurationMs: undefined, balancers: undefined },
      "AWAITED DX-M1 command API Its first collection has not finished yet; nothing is known so far.",
    ],
    [
      "why it does not answer, and from when the rest is",
      { ...OLD, lastSuccessAtMs: FOUR_MINUTES },
      "The load balancers could not be listed, 3 times in a row: list_load_balancers failed (timeout): too slow. What is shown is of 09:58:36 UTC, 4 min before this page was built.",
    ],
    [
      "that what was known is too old",
      { ...OLD, failures: 1, lastSuccessAtMs: BUILT_AT_MS - 36_000_000, balancers: undefined },
      "The load balancers could not be listed: list_load_balancers failed (timeout): too slow. The last good answer is of 00:02:36 UTC, 10 h before this page was built, which is more than 5m, so nothing of it is shown.",
    ],
    [
      "that nothing was ever known",
      { ...OLD, lastSuccessAtMs: undefined, balancers: undefined },
      "too slow. They were never listed since the start.",
    ],
    [
      "what was left out",
      { dropped: 1 },
      "1 item of the cloud's lists could not be read or repeated another, and is left out.",
    ],
  ])("%s", (_, given, expected) => {
    expect(sectionOf(given)).toContain(expected);
  });
});

describe("renderStatusFragment() of a load balancer says", () => {
  test.each<[string, Partial<BalancerStatus>, string]>([
    [
      "what it is and how it does",
      {},
      "UP shop-web HTTPS 14.63.222.10:443 both servers are UP 15 req/s, 24 conn. id 45486 · option ROUNDROBIN · health check http",
    ],
    ["its id where it has no name", { name: "" }, "(no name, id 45486)"],
    ["an IPv6 address with its port", { serviceIp: "2001:db8::1" }, "HTTPS [2001:db8::1]:443"],
    ["that it has no servers", { servers: [] }, "It has no servers."],
    ["that its servers are not known", { servers: undefined }, "none were read, or too long ago"],
    [
      "a number that is 0, and one that is not known",
      { connections: 0, requestsPerSecond: undefined },
      "– req/s, 0 conn.",
    ],
    [
      "why its servers could not be read, and from when the shown ones are",
      { problem: "list_servers failed (http): 500", serversAtMs: BUILT_AT_MS - 61_000 },
      "Its servers could not be read: list_servers failed (http): 500. Shown are those of 10:01:35 UTC, 1 min 1 s before this page was built.",
    ],
    [
      "that none are known from before",
      { problem: "refused", serversAtMs: undefined, servers: undefined },
      "Its servers could not be read: refused. None are known from before.",
    ],
    [
      "each server with its numbers",
      { servers: [server({ averageTtfbMs: undefined })] },
      "Server State Conn. Req/s TTFB ms Through\u00adput 172.25.0.10:8080 UP 12 7.5 – 3.25",
    ],
  ])("%s", (_, given, expected) => {
    expect(balancerText(given)).toContain(expected);
  });

  test("that it is old, where its zone does not answer", () => {
    const old = balancerText({ serversAtMs: BUILT_AT_MS - 180_000 }, false);
    expect(old).toContain("both servers are UP as of 09:59:36 UTC");
    expect(old).toContain("Its servers are as of 09:59:36 UTC, 3 min before this page was built.");
  });

  test("which servers are not UP before the others, and how many it does not list", () => {
    const states = [...Array<string>(250).fill("UP"), "BUSY", "DOWN"];
    const html = renderStatusFragment(
      facts(zone({ balancers: [balancer({ servers: serversIn(...states) })] })),
    );
    const listed = [...html.matchAll(/<td class="(\w+)">/g)].map(([, level]) => level);
    expect([listed.length, ...listed.slice(0, 3)]).toEqual([200, "bad", "warn", "good"]);
    expect(textOf(html)).toContain("And 52 more servers, all UP.");
  });

  test("what recent values were, once there are two", () => {
    const plots = (length: number) => balancerText({ history: wave(length) });
    expect(plots(1)).not.toContain("Requests/s");
    expect(plots(2)).toContain("Requests/s, 1 min: min");
  });
});

describe("renderStatusFragment()", () => {
  test("puts what is wrong first: summary, silent zone, troubled load balancers", () => {
    const html = renderStatusFragment(night());
    const order = [...html.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, title = ""]) =>
      textOf(title),
    );
    expect(order).toEqual([
      "Trouble as of 2026-11-25 10:02:36 UTC",
      "NO ANSWER shop / DX-G",
      "ANSWERS shop / DX-M1",
      "ANSWERS labs / DX-Central",
    ]);
    const names = [...html.matchAll(/<summary>.*?<b><bdi>([\w-]+)/g)].map(([, one]) => one);
    expect(names.slice(2, 6)).toEqual(["payments", "search", "shop-web", "orders-api"]);
  });

  test("begins with the five worst open, and none that is well", () => {
    const down = (id: number) => balancer({ id: String(id), servers: serversIn("DOWN") });
    const balancers = [balancer(), ...Array.from({ length: 9 }, (_, i) => down(i))];
    const html = renderStatusFragment(facts(zone({ balancers }), zone({ balancers })));
    expect(html.match(/<details class="lb bad" open>/g)).toHaveLength(5);
    expect(html.match(/<details class="lb bad">/g)).toHaveLength(13);
    expect(html.match(/<details class="lb good">/g)).toHaveLength(2);
  });

  test("links to each zone where there are several", () => {
    const html = renderStatusFragment(night());
    for (const [, anchor] of html.matchAll(/href="#([^"]+)"/g)) {
      expect(html).toContain(`<section id="${anchor}"`);
    }
    expect(html.match(/href="#/g)).toHaveLength(3);
    expect(renderStatusFragment(facts(zone()))).not.toContain("href=");
  });

  test("escapes whatever the cloud or the configuration sends", () => {
    const wrong = Object.fromEntries(
      Object.entries(balancer()).map(([key, value]) => [
        key,
        typeof value === "string" ? HOSTILE : value,
      ]),
    );
    const hostile = balancer({
      ...wrong,
      problem: HOSTILE,
      servers: [server({ ip: HOSTILE, port: HOSTILE, state: HOSTILE })],
    });
    const html = renderStatusFragment(
      facts(
        zone({ account: HOSTILE, zone: HOSTILE, balancers: [hostile] }),
        zone({ up: false, problem: HOSTILE }),
      ),
    );
    expect(html).not.toContain("<script");
    expect(html.match(/<bdi>/g)?.length).toBe(html.match(/<\/bdi>/g)?.length);
    expect(html.match(/&lt;script&gt;alert\(&quot;1&quot;\)/g)?.length).toBeGreaterThan(10);
  });

  test("has nothing that a strict policy forbids, and no age that would freeze", () => {
    const html = renderStatusFragment(night());
    expect(html).not.toMatch(/<[^>]*\s(style|on\w+|src)=/);
    expect(textOf(html)).not.toMatch(/\bago\b/);
  });
});

describe("renderStatusFragment() of a large fleet", () => {
  test("shows those with trouble whole, the others as one line, and says so", () => {
    const html = renderStatusFragment(fleet(1000, 10, 100));
    expect(html.match(/<details/g)).toHaveLength(10);
    expect(html.match(/<li class="lb good">/g)).toHaveLength(990);
    expect(textOf(html)).toContain(
      "990 load balancers are not shown in detail, since there are too many for one page.",
    );
  });

  test("says how many it only counts, and how many of these have trouble", () => {
    const html = textOf(renderStatusFragment(fleet(2000, 1, 1)));
    expect(html).toContain(
      "1,700 load balancers are not shown in detail, since there are too many for one page. 700 of them have no line either, 700 with trouble.",
    );
  });

  test.each([
    [300, 10, 1],
    [1000, 10, 0],
    [1000, 10, 1],
    [20_000, 10, 1],
    [1, 100_000, 1],
  ])("of %d load balancers with %d servers is 1 MB at most", (balancers, servers, each) => {
    const html = renderStatusFragment(fleet(balancers, servers, each));
    expect(Buffer.byteLength(html)).toBeLessThan(1024 * 1024);
  });

  test("takes less than 100 ms for 1,000 load balancers with 10 servers each", () => {
    const large = fleet(1000, 10, 1);
    // The fastest of a few: the machine may be busy with something else.
    const times = Array.from({ length: 8 }, () => {
      const startedAtMs = performance.now();
      renderStatusFragment(large);
      return performance.now() - startedAtMs;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });
});
