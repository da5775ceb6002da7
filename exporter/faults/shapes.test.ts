/** Every shape that a good answer is suspected of (contract 3.6, 7.2, 9): what it is read as, and that it is no fault. */
import { describe, expect, test } from "bun:test";
import type { Dialect } from "../ktcloud/api.ts";
import type { KnobChange } from "../ktcloud/simulator/knobs.ts";
import { BOTH, factsOf, failuresOn, startStation } from "../testing/station.ts";

const LISTED = "list_load_balancers";

function json(body: unknown): NonNullable<KnobChange["faults"]>[number] {
  return { kind: "envelope", body };
}

describe.each([...BOTH])("nothing in a list by %s, written as", (dialect) => {
  const shapes = ["array", "missing", "null", "envelope"] as const;
  // In "rest" no data at all would be as little an answer as no envelope.
  const zones = shapes.filter((shape) => dialect === "command" || shape !== "missing");

  test.each(zones)(
    "%s, is a zone without load balancers, and then one with them",
    async (shape) => {
      await using here = startStation({ target: { dialect } });
      const before = await here.cycle();
      here.cloud.turn({ loadBalancers: 0, emptyShape: shape });
      const empty = await here.cycle();
      expect(factsOf(empty)).toEqual([{ name: "ktcloud_lb_total_count", labels: {}, value: 0 }]);
      expect(empty.value("ktcloud_zone_up")).toBe(1);
      here.cloud.turn({ loadBalancers: 6 });
      const after = await here.cycle();
      expect(factsOf(after)).toEqual(factsOf(before));
      expect(failuresOn(after)).toEqual([]);
      expect(here.warnings()).toEqual([]);
    },
  );

  test.each(shapes)("%s, is a load balancer without servers", async (shape) => {
    await using here = startStation({ target: { dialect } });
    here.cloud.turn({ balancers: { "38002": { servers: 0, emptyShape: shape } } });
    const page = await here.cycle();
    const own = { lb_name: "gyeolje-api-lb-1" };
    expect(page.value("ktcloud_lb_server_count", own)).toBe(0);
    expect(page.value("ktcloud_lb_success", own)).toBe(1);
    expect(page.all("ktcloud_lb_server_state", own)).toEqual([]);
    expect(page.all("ktcloud_lb_server_state")).toHaveLength(15);
    expect(here.warnings()).toEqual([]);
  });

  test.each(["right", "absent", "string"] as const)(
    "one object and not an array, is that one (its count %s)",
    async (count) => {
      await using here = startStation({
        target: { dialect },
        fleet: { loadBalancers: 1, servers: 1 },
      });
      const before = await here.cycle();
      here.cloud.turn({ singleAsObject: true, count });
      expect(factsOf(await here.cycle())).toEqual(factsOf(before));
      expect(before.value("ktcloud_lb_server_count")).toBe(1);
      expect(here.warnings()).toEqual([]);
    },
  );
});

/** What stands where a number should be, and the number that it is. */
const NUMBERS: readonly (readonly [unknown, number | undefined])[] = [
  [15, 15],
  [0, 0],
  [0.25, 0.25],
  ["15", 15],
  [" 15 ", 15],
  ["0.25", 0.25],
  ["1e3", 1000],
  ["", undefined],
  [" ", undefined],
  [null, undefined],
  ["-", undefined],
  ["N/A", undefined],
  [true, undefined],
  [false, undefined],
  [[], undefined],
  [[5], undefined],
  [{}, undefined],
  [{ value: 5 }, undefined],
  ["NaN", undefined],
  ["inf", undefined],
  ["+Infinity", undefined],
  ["0x10", undefined],
  ["1e999", undefined],
  ["1,000", undefined],
  ["１５", undefined],
  ["15 ms", undefined],
  [undefined, undefined],
];

/** Each number of a server: its key, and the metric that shows it. */
const SERVER_NUMBERS: Readonly<Record<Dialect, Readonly<Record<string, string>>>> = {
  command: {
    cursrvrconnections: "ktcloud_server_current_connections",
    throughputrate: "ktcloud_server_throughput_rate_kbps",
    avgsvrttfb: "ktcloud_server_avg_ttfb_ms",
    requestsrate: "ktcloud_server_requests_rate_per_sec",
  },
  rest: {
    curCLntConnections: "ktcloud_server_current_connections",
    avgSvrTtfb: "ktcloud_server_avg_ttfb_ms",
    vSvrServiceHitsRate: "ktcloud_server_requests_rate_per_sec",
    requestByteRate: "ktcloud_server_request_bytes_per_second",
    responseByteRate: "ktcloud_server_response_bytes_per_second",
  },
};

const BALANCER_NUMBERS: Readonly<Record<Dialect, Readonly<Record<string, string>>>> = {
  command: {
    establishedconn: "ktcloud_lb_established_connections",
    requestsrate: "ktcloud_lb_requests_per_second",
  },
  rest: {
    establishedConn: "ktcloud_lb_established_connections",
    requestsRate: "ktcloud_lb_requests_per_second",
  },
};

function listOf(dialect: Dialect, items: readonly object[]) {
  return dialect === "command"
    ? { listloadbalancersresponse: { count: items.length, loadbalancer: items } }
    : { pagination: { total: items.length }, data: items };
}

function serversOf(dialect: Dialect, items: readonly object[]) {
  return dialect === "command"
    ? { listloadbalancerwebserversresponse: { count: items.length, loadbalancerwebserver: items } }
    : { data: { vm: items } };
}

const BALANCER = {
  command: { loadbalancerid: 1, name: "a", state: "UP" },
  rest: { loadbalancerId: "u-1", loadbalancerName: "a", state: "UP" },
};
const SERVER = {
  command: { ipaddress: "10.0.0.1", publicport: "80", state: "UP" },
  rest: { ipAddress: "10.0.0.1", publicPort: 80, monitorState: "UP" },
};

/** A station whose cloud answers these items, a fault for all that each call is. */
function answering(
  dialect: Dialect,
  { balancers, servers }: { balancers?: readonly object[]; servers?: readonly object[] },
) {
  const here = startStation({ target: { dialect } });
  here.cloud.turn({
    faults: [
      {
        ...json(listOf(dialect, balancers ?? [BALANCER[dialect]])),
        call: "listLoadBalancers",
      },
      {
        ...json(serversOf(dialect, servers ?? [SERVER[dialect]])),
        call: "listLoadBalancerWebServers",
      },
    ],
  });
  return here;
}

describe.each([...BOTH])("a number by %s that is written as", (dialect) => {
  const fields = Object.entries(SERVER_NUMBERS[dialect]);
  const own = Object.entries(BALANCER_NUMBERS[dialect]);

  test.each(NUMBERS)("%j, is %p in each field of both lists", async (written, expected) => {
    const oddly = (of: typeof fields, item: object, blank = "") => ({
      ...item,
      ...Object.fromEntries(of.map(([key]) => [key + blank, written])),
    });
    await using here = answering(dialect, {
      balancers: [oddly(own, BALANCER[dialect])],
      servers: [
        oddly(fields, SERVER[dialect]),
        { ...oddly(fields, SERVER[dialect], " "), ipAddress: "10.0.0.2", ipaddress: "10.0.0.2" },
      ],
    });
    const page = await here.cycle();
    const one = expected === undefined ? [] : [expected];
    const shownBy = ([, metric]: (typeof fields)[number]) =>
      page.all(metric).map(({ value }) => value);
    expect(fields.map(shownBy)).toEqual(fields.map(() => [...one, ...one]));
    expect(own.map(shownBy)).toEqual(own.map(() => one));
    expect(page.value("ktcloud_lb_server_count")).toBe(2);
    expect(page.all("ktcloud_lb_server_state")).toHaveLength(2);
    expect(here.warnings()).toEqual([]);
  });
});

describe.each([...BOTH])("identifiers by %s:", (dialect) => {
  const [id, port] =
    dialect === "command"
      ? (["loadbalancerid", "publicport"] as const)
      : (["loadbalancerId", "publicPort"] as const);

  test.each([
    [45486, "45486"],
    ["45486", "45486"],
    [" 45486 ", "45486"],
    ["3f0e1a52-0000-4000-8000-0000000000cc", "3f0e1a52-0000-4000-8000-0000000000cc"],
    [0, "0"],
  ])("the id %j is %p, and so the port", async (written, expected) => {
    await using here = answering(dialect, {
      balancers: [{ ...BALANCER[dialect], [id]: written }],
      servers: [{ ...SERVER[dialect], [port]: written }],
    });
    const page = await here.cycle();
    expect(page.values("ktcloud_lb_info", "lb_id")).toEqual([expected]);
    expect(page.values("ktcloud_lb_server_state", "server_port")).toEqual([expected]);
  });

  test.each([[null], [""], [" "], [true], [[]], [{}], [1.5], [1e300], [undefined]])(
    "the id or port %j costs its item alone, which is counted",
    async (written) => {
      await using here = answering(dialect, {
        balancers: [BALANCER[dialect], { ...BALANCER[dialect], [id]: written }],
        servers: [SERVER[dialect], { ...SERVER[dialect], [port]: written }],
      });
      const page = await here.cycle();
      expect(page.value("ktcloud_lb_total_count")).toBe(2);
      expect(page.all("ktcloud_lb_info")).toHaveLength(1);
      expect(page.value("ktcloud_lb_server_count")).toBe(2);
      expect(page.all("ktcloud_lb_server_state")).toHaveLength(1);
      const dropped = page.all("ktcloud_api_items_dropped_total", { reason: "unreadable" });
      expect(dropped.map(({ value }) => value)).toEqual([1, 1]);
      expect(here.warnings()).toHaveLength(1);
      expect(here.warnings()[0]).toContain("dropped=2");
    },
  );
});

describe.each([...BOTH])("by %s the page is the same where", (dialect) => {
  test.each<[string, KnobChange]>([
    ["numbers are text", { numbers: "string" }],
    ["ids are text", { ids: "string" }],
    ["ports are numbers", { ports: "number" }],
    ["ports are text", { ports: "string" }],
    ["envelopes are in Go's case", { envelopeCase: "go" }],
    ["fields are in lower case", { fieldCase: "lower" }],
    ["fields are in camel case", { fieldCase: "camel" }],
    ["keys end in a blank", { keyBlank: true }],
    ["JSON is called text", { contentType: "text" }],
    ["JSON is called HTML", { contentType: "html" }],
    ["counts are absent", { count: "absent" }],
    ["counts are text", { count: "string" }],
    ["there is no pagination", { pagination: "absent" }],
    ["tokens come with 200", { tokenStatus: 200 }],
    ["tokens do not say when they end", { expiresAt: "absent" }],
    ["tokens say it in words", { expiresAt: "unreadable" }],
  ])("%s", async (_name, knobs) => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn(knobs);
    here.cloud.revokeTokens();
    const page = await here.cycle();
    expect(factsOf(page)).toEqual(factsOf(before));
    expect(page.all("ktcloud_api_count_mismatches_total").map(({ value }) => value)).toEqual([
      0, 0,
    ]);
    expect(here.warnings()).toEqual([]);
  });

  test("counts are wrong, which is counted once a list", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn({ count: "wrong" });
    const page = await here.cycle();
    expect(factsOf(page)).toEqual(factsOf(before));
    const mismatches = page.all("ktcloud_api_count_mismatches_total");
    // The servers by "rest" come without any count.
    expect(mismatches.map(({ labels, value }) => [labels.operation, value])).toEqual([
      [LISTED, 1],
      ["list_servers", dialect === "command" ? 6 : 0],
    ]);
  });

  test("the numbers are of every kind at once: what is none is missing, and nothing is 0 for it", async () => {
    await using here = startStation({ target: { dialect }, fleet: { servers: 4 } });
    const before = await here.cycle();
    here.cloud.turn({ numbers: "mixed" });
    const page = await here.cycle();
    const known = new Map(
      factsOf(before).map((one) => [JSON.stringify([one.name, one.labels]), one.value]),
    );
    const now = factsOf(page);
    expect(now.length).toBeLessThan(known.size);
    for (const { name, labels, value } of now) {
      const was = known.get(JSON.stringify([name, labels])) ?? Number.NaN;
      // Throughput may have gained a half.
      expect([was, was + 0.5]).toContain(value);
    }
  });
});

describe.each([...BOTH])("states by %s:", (dialect) => {
  const word = dialect === "command" ? "state" : "monitorState";

  test.each([
    ["UP", 1, "UP"],
    ["up", 1, "up"],
    [" Up ", 1, "Up"],
    ["DOWN", 0, "DOWN"],
    ["OUT OF SERVICE", 0, "OUT OF SERVICE"],
    ["UPS", 0, "UPS"],
    ["", undefined, ""],
    [null, undefined, ""],
    [undefined, undefined, ""],
    [true, undefined, ""],
    [1, 0, "1"],
    [{ name: "UP" }, undefined, ""],
  ])("%j is %p, and the word %p is shown", async (written, up, shown) => {
    await using here = answering(dialect, {
      balancers: [{ ...BALANCER[dialect], state: written }],
      servers: [{ ...SERVER[dialect], [word]: written }],
    });
    const page = await here.cycle();
    expect(page.value("ktcloud_lb_info")).toBe(up);
    expect(page.values("ktcloud_lb_state_info", "state")).toEqual([shown]);
    expect(page.value("ktcloud_lb_server_state")).toBe(up);
    const usual = shown === "UP" || shown === "DOWN";
    expect(page.values("ktcloud_server_state_info", "state")).toEqual(usual ? [] : [shown]);
  });
});

describe.each([...BOTH])("what is listed twice by %s", (dialect) => {
  test("is shown, asked for and counted once, and the repetition counted beside", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    here.cloud.turn({ duplicateBalancers: 2, duplicateServers: 1 });
    const page = await here.cycle();
    expect(factsOf(page)).toEqual(factsOf(before));
    const dropped = page.all("ktcloud_api_items_dropped_total", { reason: "duplicate" });
    expect(dropped.map(({ value }) => value)).toEqual([2, 6]);
    expect(here.cloud.counts.calls.listLoadBalancerWebServers).toBe(12);
    expect(here.warnings()).toHaveLength(1);
    expect(here.warnings()[0]).toContain("dropped=8");
  });

  test("with different contents is the last of the two", async () => {
    await using here = answering(dialect, {
      balancers: [{ ...BALANCER[dialect], state: "DOWN" }, BALANCER[dialect]],
      servers: [{ ...SERVER[dialect], state: "DOWN", monitorState: "DOWN" }, SERVER[dialect]],
    });
    const page = await here.cycle();
    expect(page.value("ktcloud_lb_info")).toBe(1);
    expect(page.value("ktcloud_lb_server_state")).toBe(1);
  });
});

test("servers that say they are another load balancer's are shown with the one that was asked for", async () => {
  await using here = answering("command", {
    balancers: [BALANCER.command, { ...BALANCER.command, loadbalancerid: 2 }],
    servers: [{ ...SERVER.command, loadbalancerid: 2 }],
  });
  const page = await here.cycle();
  expect(page.values("ktcloud_lb_server_state", "lb_id")).toEqual(["1", "2"]);
  expect(page.all("ktcloud_lb_server_count").map(({ value }) => value)).toEqual([1, 1]);
});
