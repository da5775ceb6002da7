/** Every knob that changes how things are written, seen over the wire in both dialects. */
import { describe, expect, test } from "bun:test";
import { startCloud } from "../../testing/cloud.ts";
import { enter } from "../../testing/raw-cloud.ts";
import { balancerUuid } from "./ids.ts";
import type { KnobChange } from "./knobs.ts";

type Item = Record<string, unknown>;

/** What both dialects say of the fleet and of its first load balancer, after a change of knobs. */
async function seen(change: KnobChange, fleet: { loadBalancers?: number; servers?: number } = {}) {
  await using cloud = startCloud(fleet, () => 0);
  const zone = await enter(cloud.url);
  cloud.turn(change);
  const list = (await zone.balancers()) as Item;
  const servers = (await zone.servers(38_000)) as Item;
  const rest = (await zone.json("loadbalancers")) as Item;
  const restServers = (await zone.json(`loadbalancers/${balancerUuid(1, 38_000)}/servers`)) as Item;
  const inner = (outer: Item, key: string) => (outer[key] ?? {}) as Item;
  const envelope = inner(list, "listloadbalancersresponse");
  const serverEnvelope = inner(servers, Object.keys(servers)[0] ?? "");
  const items = (value: unknown) => (Array.isArray(value) ? value : [value]) as Item[];
  return {
    list,
    servers,
    rest,
    restServers,
    envelope,
    serverEnvelope,
    lb: items(envelope.loadbalancer)[0] ?? {},
    all: items(serverEnvelope.loadbalancerwebserver),
    server: items(serverEnvelope.loadbalancerwebserver)[0] ?? {},
    restLb: items(rest.data)[0] ?? {},
    vm: items(inner(restServers, "data").vm)[0] ?? {},
    vms: items(inner(restServers, "data").vm),
  };
}

const EMPTY = { loadBalancers: 1, servers: 0 };

/** A change of knobs, and what is seen then; `undefined` means that the key is not there. */
const TABLE: readonly [
  string,
  KnobChange,
  (of: Awaited<ReturnType<typeof seen>>) => unknown,
  unknown,
][] = [
  [
    "ids are numbers",
    {},
    ({ lb, server }) => [lb.loadbalancerid, server.serviceid],
    [38_000, 260_000],
  ],
  [
    "ids are text",
    { ids: "string" },
    ({ lb, server }) => [lb.loadbalancerid, server.serviceid, server.loadbalancerid],
    ["38000", "260000", "38000"],
  ],
  [
    "ports as documented",
    {},
    ({ lb, server, restLb, vm }) => [
      lb.serviceport,
      server.publicport,
      restLb.servicePort,
      vm.publicPort,
    ],
    ["443", "443", 443, 443],
  ],
  [
    "ports as numbers",
    { ports: "number" },
    ({ lb, server, restLb, vm }) => [
      lb.serviceport,
      server.publicport,
      restLb.servicePort,
      vm.publicPort,
    ],
    [443, 443, 443, 443],
  ],
  [
    "ports as text",
    { ports: "string" },
    ({ lb, server, restLb, vm }) => [
      lb.serviceport,
      server.publicport,
      restLb.servicePort,
      vm.publicPort,
    ],
    ["443", "443", "443", "443"],
  ],
  [
    "words as documented",
    {},
    ({ lb, restLb }) => [
      lb.servicetype,
      lb.healthchecktype,
      restLb.serviceType,
      restLb.healthCheckType,
    ],
    ["HTTPS", "https", "HTTPS", "HTTPS"],
  ],
  [
    "envelopes in lower case",
    {},
    ({ servers }) => Object.keys(servers),
    ["listloadbalancerwebserversresponse"],
  ],
  [
    "envelopes as Go's tags",
    { envelopeCase: "go" },
    ({ servers, list }) => [...Object.keys(servers), ...Object.keys(list)],
    ["listLoadBalancerWebServersresponse", "listloadbalancersresponse"],
  ],
  [
    "fields as documented",
    {},
    ({ lb, restLb, vm }) => [
      "ciphergroupname" in lb,
      "clientIpYn" in lb,
      "cipherGroupName" in restLb,
      "curCLntConnections" in vm,
    ],
    [true, true, true, true],
  ],
  [
    "fields in lower case",
    { fieldCase: "lower" },
    ({ lb, restLb, vm }) => [
      "ciphergroupname" in lb,
      "clientipyn" in lb,
      "ciphergroupname" in restLb,
      "curclntconnections" in vm,
    ],
    [true, true, true, true],
  ],
  [
    "fields in camel case",
    { fieldCase: "camel" },
    ({ lb, restLb, vm }) => [
      "cipherGroupName" in lb,
      "clientIpYn" in lb,
      "cipherGroupName" in restLb,
      "curCLntConnections" in vm,
    ],
    [true, true, true, true],
  ],
  [
    "keys that end in a blank",
    { keyBlank: true },
    ({ server, vm }) =>
      [...Object.keys(server), ...Object.keys(vm)].filter((key) => key.endsWith(" ")),
    [
      "throughputrate ",
      "avgsvrttfb ",
      "requestsrate ",
      "vSvrServiceHitsRate ",
      "avgSvrTtfb ",
      "requestByteRate ",
      "responseByteRate ",
    ],
  ],
  [
    "count is right",
    {},
    ({ envelope, rest }) => [envelope.count, rest.pagination],
    [6, { size: 20, total: 6, offset: 0 }],
  ],
  [
    "count is one too high",
    { count: "wrong" },
    ({ envelope, serverEnvelope, rest }) => [
      envelope.count,
      serverEnvelope.count,
      (rest.pagination as Item).total,
    ],
    [7, 4, 7],
  ],
  [
    "count is absent",
    { count: "absent" },
    ({ envelope, rest }) => ["count" in envelope, rest.pagination],
    [false, { size: 20, offset: 0 }],
  ],
  [
    "count is text",
    { count: "string" },
    ({ envelope, rest }) => [envelope.count, rest.pagination],
    ["6", { size: "20", total: "6", offset: "0" }],
  ],
  ["no pagination", { pagination: "absent" }, ({ rest }) => Object.keys(rest), ["data"]],
  [
    "an empty list as []",
    { loadBalancers: 0 },
    ({ list, rest }) => [list, rest.data],
    [{ listloadbalancersresponse: { count: 0, loadbalancer: [] } }, []],
  ],
  [
    "an empty list without its key",
    { loadBalancers: 0, emptyShape: "missing" },
    ({ list, rest }) => [list, "data" in rest],
    [{ listloadbalancersresponse: { count: 0 } }, false],
  ],
  [
    "an empty list as null",
    { loadBalancers: 0, emptyShape: "null" },
    ({ list, rest }) => [list, rest.data],
    [{ listloadbalancersresponse: { loadbalancer: null } }, null],
  ],
  [
    "an empty list as an empty envelope",
    { loadBalancers: 0, emptyShape: "envelope" },
    ({ list, rest }) => [list, rest.data],
    [{ listloadbalancersresponse: {} }, {}],
  ],
  [
    "no servers as []",
    EMPTY,
    ({ serverEnvelope, restServers }) => [serverEnvelope, restServers],
    [{ count: 0, loadbalancerwebserver: [] }, { data: { vm: [] } }],
  ],
  [
    "no servers as null",
    { ...EMPTY, emptyShape: "null" },
    ({ serverEnvelope, restServers }) => [serverEnvelope, restServers],
    [{ loadbalancerwebserver: null }, { data: { vm: null } }],
  ],
  [
    "no servers as an empty envelope",
    { ...EMPTY, emptyShape: "envelope" },
    ({ serverEnvelope, restServers }) => [serverEnvelope, restServers],
    [{}, { data: {} }],
  ],
  [
    "a single object",
    { loadBalancers: 1, servers: 1, singleAsObject: true },
    ({ envelope, serverEnvelope, rest, restServers }) =>
      [
        envelope.loadbalancer,
        serverEnvelope.loadbalancerwebserver,
        rest.data,
        (restServers.data as Item).vm,
      ].map(Array.isArray),
    [false, false, false, false],
  ],
  [
    "states as they are",
    {},
    ({ all, vms, lb }) => [
      all.map(({ state }) => state),
      vms.map(({ monitorState }) => monitorState),
      lb.state,
    ],
    [["UP", "UP", "UP"], ["UP", "UP", "UP"], "UP"],
  ],
  [
    "states in lower case",
    { states: "lower" },
    ({ server, vm, lb, restLb }) => [server.state, vm.monitorState, lb.state, restLb.state],
    ["up", "up", "up", "up"],
  ],
  [
    "states in all words",
    { states: "words" },
    ({ all }) => all.map(({ state }) => state),
    ["UP", "DOWN", "UNKNOWN"],
  ],
  [
    "states as nothing",
    { states: "empty" },
    ({ server, vm }) => [server.state, vm.monitorState],
    ["", ""],
  ],
  [
    "states left out",
    { states: "missing" },
    ({ server, vm, lb, restLb }) => [
      "state" in server,
      "monitorState" in vm,
      "state" in lb,
      "state" in restLb,
    ],
    [false, false, false, false],
  ],
  [
    "servers twice",
    { duplicateServers: 2 },
    ({ all, serverEnvelope }) => [all.map(({ serviceid }) => serviceid), serverEnvelope.count],
    [[260_000, 260_001, 260_002, 260_000, 260_001], 5],
  ],
  [
    "load balancers twice",
    { duplicateBalancers: 1 },
    ({ envelope, rest }) => [
      (envelope.loadbalancer as Item[]).map(({ loadbalancerid }) => loadbalancerid),
      (rest.data as Item[]).length,
    ],
    [[38_000, 38_002, 38_004, 38_006, 38_008, 38_010, 38_000], 7],
  ],
  [
    "hostile names",
    { names: "hostile" },
    ({ envelope, rest }) => [
      (envelope.loadbalancer as Item[])[2]?.name,
      (rest.data as Item[])[5]?.loadbalancerName,
    ],
    ["two\nlines", "<script>alert(1)</script>"],
  ],
  [
    "numbers as text",
    { numbers: "string" },
    ({ server, vm, lb, restLb }) => [
      typeof server.requestsrate,
      typeof vm.responseByteRate,
      typeof lb.establishedconn,
      typeof restLb.requestsRate,
    ],
    ["string", "string", "string", "string"],
  ],
  [
    "numbers as fractions",
    { numbers: "float" },
    ({ server, vm }) => [server.requestsrate, vm.avgSvrTtfb].map((value) => Number(value) % 1),
    [0.5, 0.5],
  ],
  [
    "odd numbers",
    {
      oddNumbers: {
        cursrvrconnections: null,
        throughputrate: "-",
        avgsvrttfb: "N/A",
        requestsrate: "missing",
        establishedconn: "",
      },
    },
    ({ server, vm, lb }) => [
      server.cursrvrconnections,
      server.throughputrate,
      server.avgsvrttfb,
      "requestsrate" in server,
      lb.establishedconn,
      vm.curCLntConnections,
      vm.requestByteRate,
      "vSvrServiceHitsRate" in vm,
    ],
    [null, "-", "N/A", false, "", null, "-", false],
  ],
  [
    "one load balancer by its number",
    {
      balancers: {
        "38000": { servers: 1, name: "mine", state: "OUT OF SERVICE", serverStates: [null] },
      },
    },
    ({ lb, all, restLb, vms }) => [
      lb.name,
      lb.state,
      all.length,
      "state" in (all[0] ?? {}),
      restLb.loadbalancerName,
      vms.length,
    ],
    ["mine", "OUT OF SERVICE", 1, false, "mine", 1],
  ],
  [
    "one load balancer by its UUID",
    { balancers: { [balancerUuid(1, 38_000)]: { withoutServers: [0, 2], numbers: "string" } } },
    ({ all }) => all.map(({ serviceid, requestsrate }) => [serviceid, typeof requestsrate]),
    [[260_001, "string"]],
  ],
  [
    "states set by hand, and what follows for the load balancer",
    { balancers: { "38000": { serverStates: ["DOWN", "down", "BUSY"] } } },
    ({ lb, all }) => [
      lb.state,
      lb.requestsrate,
      all.map(({ state, requestsrate }) => [state, requestsrate]),
    ],
    [
      "DOWN",
      0,
      [
        ["DOWN", 0],
        ["down", 0],
        ["BUSY", 0],
      ],
    ],
  ],
  [
    "a zone's own knobs",
    { numbers: "string", zones: { d1: { numbers: "number" } } },
    ({ server }) => typeof server.requestsrate,
    "number",
  ],
  [
    "another zone's knobs",
    { zones: { d2: { numbers: "string" } } },
    ({ server }) => typeof server.requestsrate,
    "number",
  ],
];

describe("over the wire:", () => {
  test.each(TABLE)("%s", async (_name, change, look, expected) => {
    expect(look(await seen(change))).toEqual(expected);
  });

  test("`mixed` numbers walk through every oddity", async () => {
    const { all } = await seen({ numbers: "mixed" }, { servers: 4 });
    expect(all.map((server) => [server.requestsrate, typeof server.cursrvrconnections])).toEqual([
      ["", "string"],
      [expect.any(Number), "number"],
      [expect.stringMatching(/^ \d+ $/), "string"],
      [expect.stringMatching(/^\d+$/), "string"],
    ]);
    expect(all[1]?.avgsvrttfb).toBeNull();
    expect(all[2]?.cursrvrconnections).toBe("N/A");
    expect(all[3]).toMatchObject({ avgsvrttfb: "-", "throughputrate ": expect.any(Number) });
  });

  test("both dialects tell of the same fleet", async () => {
    const { lb, server, restLb, vm } = await seen({});
    expect([
      restLb.loadbalancerName,
      restLb.serviceIp,
      restLb.establishedConn,
      restLb.state,
    ]).toEqual([lb.name, lb.serviceip, lb.establishedconn, lb.state]);
    expect([vm.vmId, vm.ipAddress, vm.curCLntConnections, vm.avgSvrTtfb]).toEqual([
      server.virtualmachineid,
      server.ipaddress,
      server.cursrvrconnections,
      server.avgsvrttfb,
    ]);
    expect(vm.vSvrServiceHitsRate).toEqual(server.requestsrate);
  });

  test("the load balancer's numbers are the sums of its servers'", async () => {
    const { lb, all } = await seen({}, { servers: 7 });
    const total = (field: string) => all.reduce((sum, one) => sum + Number(one[field]), 0);
    expect([lb.requestsrate, lb.establishedconn]).toEqual([
      total("requestsrate"),
      total("cursrvrconnections"),
    ]);
  });

  test.each([
    ["json", "application/json;charset=UTF-8"],
    ["text", "text/plain"],
    ["html", "text/html"],
  ] as const)("JSON as %s is called %s", async (contentType, header) => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    cloud.turn({ contentType });
    const answer = await zone.get("loadbalancers");
    expect(answer.headers.get("content-type")).toBe(header);
    expect(await answer.json()).toHaveProperty("data");
  });

  test.each([
    [{ drift: true }, false],
    [{ drift: false }, true],
  ])("with %j numbers stay the same: %p", async (change, same) => {
    let nowMs = 0;
    await using cloud = startCloud({}, () => nowMs);
    cloud.turn(change);
    const zone = await enter(cloud.url);
    const before = [await zone.balancers(), await zone.servers(38_000)];
    nowMs = 60_000;
    const after = [await zone.balancers(), await zone.servers(38_000)];
    expect(Bun.deepEquals(before, after)).toBe(same);
  });
});
