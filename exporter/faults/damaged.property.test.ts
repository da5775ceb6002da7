/** Good answers of both dialects, damaged at random: whatever comes of them is whole, or has failed. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Dialect } from "../ktcloud/api.ts";
import { type Damage, damage, print, treeOf } from "../testing/json-tree.ts";
import type { PageView } from "../testing/page-view.ts";
import { BOTH, createStation, factsOf } from "../testing/station.ts";

/** None of the numbers is 0 or 1, so that none of those can come of them. */
const COMMAND = {
  list: {
    listloadbalancersresponse: {
      count: 2,
      loadbalancer: [11, 12].map((id) => ({
        loadbalancerid: id,
        name: `lb-${id}`,
        serviceip: "172.25.0.2",
        serviceport: "8443",
        servicetype: "HTTPS",
        loadbalanceroption: "ROUNDROBIN",
        healthchecktype: "tcp",
        state: "UP",
        establishedconn: 21,
        requestsrate: "22.5",
      })),
    },
  },
  servers: {
    listloadbalancerwebserversresponse: {
      count: 3,
      loadbalancerwebserver: [31, 32, 33].map((host) => ({
        ipaddress: `172.25.0.${host}`,
        publicport: "8080",
        state: "UP",
        cursrvrconnections: 41,
        throughputrate: "42.25",
        avgsvrttfb: 43,
        requestsrate: "44",
      })),
    },
  },
};

const REST = {
  list: {
    pagination: { size: 20, total: 2, offset: 50 },
    data: ["u-11", "u-12"].map((id) => ({
      loadbalancerId: id,
      loadbalancerName: `lb-${id}`,
      serviceIp: "172.25.0.2",
      servicePort: 8443,
      serviceType: "HTTPS",
      loadbalancerOption: "ROUNDROBIN",
      healthCheckType: "TCP",
      state: "UP",
      establishedConn: 21,
      requestsRate: "22.5",
    })),
  },
  servers: {
    data: {
      vm: [31, 32, 33].map((host) => ({
        ipAddress: `172.25.0.${host}`,
        publicPort: 8080,
        monitorState: "UP",
        curCLntConnections: 41,
        avgSvrTtfb: 43,
        vSvrServiceHitsRate: "44",
        requestByteRate: 45,
        responseByteRate: "46.5",
      })),
    },
  },
};

const ANSWERS = { command: COMMAND, rest: REST } as const;

const LEAVES =
  `null true false 0 -7 0.5 99 1e999 -1e999 1e-999 12345678901234567890 "" "-" "NaN" "0x10"
  "1e999" "77" "\\ud800" "\\u0000" "a\\"b\\n\\\\" [] {} [[]] [null] [{"a":1}] {"errorcode":"500"} {"toString":1}`
    .split(/\s+/)
    .concat('" "', '"rate limit"', "[".repeat(3000) + "]".repeat(3000), `"${"x".repeat(2000)}"`);

const KEYS =
  `__proto__ constructor toString count COUNT total data vm errorcode errortext success httpStatus
  error State loadbalancerId IPADDRESS loadbalancer LoadBalancerWebServer`
    .split(/\s+/)
    .concat("", " ", "avgsvrttfb ", " loadbalancerId ");

const RUNS = 80;

const damages = fc.array(
  fc.record<Damage>({
    place: fc.nat(200),
    how: fc.constantFrom("drop", "replace", "repeat", "add", "nest", "rename"),
    other: fc.oneof(fc.constantFrom(...LEAVES), fc.json({ maxDepth: 2 })),
    key: fc.constantFrom(...KEYS),
  }),
  { maxLength: 5 },
);

function damaged(answer: object, how: readonly Damage[]): string {
  const tree = treeOf(answer);
  for (const one of how) damage(tree, one);
  return print(tree);
}

/** A cloud without a network: what it says now, and a collector of it. */
function setUp(dialect: Dialect) {
  const says = {
    list: JSON.stringify(ANSWERS[dialect].list),
    servers: JSON.stringify(ANSWERS[dialect].servers),
  };
  const answer = async (url: string, { method }: { method?: string }) => {
    if (method === "POST")
      return Response.json({}, { status: 201, headers: { "x-subject-token": "T" } });
    return new Response(/WebServers|\/servers$/.test(url) ? says.servers : says.list);
  };
  const here = createStation("http://cloud.invalid", {
    target: { dialect },
    settings: { proxied: true },
    tools: { fetch: answer },
  });
  return { says, here };
}

type Item = Readonly<Record<string, unknown>>;

const isItem = (value: unknown): value is Item =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of a key, whatever its case and blanks; of two the last. */
function at(value: unknown, key: string): unknown {
  if (!isItem(value)) return undefined;
  return Object.entries(value).findLast(([name]) => name.trim().toLowerCase() === key)?.[1];
}

/** How many different items a list holds at least and at most, by the keys that tell them apart. */
function countIn(list: unknown, keys: readonly string[]): number {
  const items = Array.isArray(list) ? (list as unknown[]) : [list].filter(isItem);
  const filled = items.filter((item) => Array.isArray(list) || Object.keys(item ?? {}).length > 0);
  const idOf = (item: unknown) => {
    const parts = keys.map((key) => at(item, key));
    const readable = parts.every((part) =>
      typeof part === "string" ? /^.{1,256}$/s.test(part.trim()) : Number.isSafeInteger(part),
    );
    return readable
      ? JSON.stringify(parts.map((part) => String(part).trim().toWellFormed()))
      : undefined;
  };
  const ids = filled.map(idOf);
  return new Set(ids.filter(Boolean)).size + ids.filter((id) => id === undefined).length;
}

function listIn(dialect: Dialect, answer: unknown): unknown {
  if (dialect === "rest") return at(answer, "data");
  return at(at(answer, "listloadbalancersresponse"), "loadbalancer");
}

function serversIn(dialect: Dialect, answer: unknown): unknown {
  if (dialect === "rest") return at(at(answer, "data"), "vm");
  return at(at(answer, "listloadbalancerwebserversresponse"), "loadbalancerwebserver");
}

/** Every number that a text holds, also those that are written as text. */
function numbersIn(value: unknown, found: Set<number> = new Set()): ReadonlySet<number> {
  if (typeof value === "number") found.add(value);
  else if (typeof value === "string" && value.trim() !== "") found.add(Number(value));
  else if (typeof value === "object" && value !== null)
    for (const one of Object.values(value)) numbersIn(one, found);
  return found;
}

const SERVER_NUMBERS =
  /^ktcloud_server_(current_connections|throughput_rate|avg_ttfb|requests_rate|(request|response)_bytes)/;
const BALANCER_NUMBERS = /^ktcloud_lb_(established_connections|requests_per_second)$/;

/** The page shows of an answer what the answer holds, or does not show it at all. */
function checkAgainst(page: PageView, dialect: Dialect, says: { list: string; servers: string }) {
  const list = JSON.parse(says.list) as unknown;
  const servers = JSON.parse(says.servers) as unknown;
  const total = page.value("ktcloud_lb_total_count");
  if (total !== undefined) {
    expect(total).toBe(countIn(listIn(dialect, list), ["loadbalancerid"]));
  } else expect(page.value("ktcloud_zone_up")).toBe(0);
  const count = countIn(serversIn(dialect, servers), ["ipaddress", "publicport"]);
  for (const { value } of page.all("ktcloud_lb_server_count")) expect(value).toBe(count);
  const numbers = { list: numbersIn(list), servers: numbersIn(servers) };
  for (const { name, value } of factsOf(page)) {
    if (SERVER_NUMBERS.test(name)) expect(numbers.servers).toContain(value);
    if (BALANCER_NUMBERS.test(name)) expect(numbers.list).toContain(value);
  }
}

describe.each([...BOTH])("answers by %s that are damaged in both lists", (dialect) => {
  test("give a page that holds what they hold, and nothing that lasts", async () => {
    await fc.assert(
      fc.asyncProperty(damages, damages, async (ofList, ofServers) => {
        const { says, here } = setUp(dialect);
        const good = { ...says };
        says.list = damaged(ANSWERS[dialect].list, ofList);
        says.servers = damaged(ANSWERS[dialect].servers, ofServers);
        checkAgainst(await here.cycle(), dialect, says);
        Object.assign(says, good);
        const after = await here.cycle();
        expect(after.value("ktcloud_lb_total_count")).toBe(2);
        expect(after.all("ktcloud_lb_success").every(({ value }) => value === 1)).toBe(true);
        expect(after.all("ktcloud_lb_server_state")).toHaveLength(6);
      }),
      { numRuns: RUNS },
    );
  }, 20_000);

  test("leave what was known where they have failed, and else show themselves", async () => {
    const { says, here } = setUp(dialect);
    const good = { ...says };
    await fc.assert(
      fc.asyncProperty(damages, async (how) => {
        Object.assign(says, good);
        const before = await here.cycle();
        says.servers = damaged(ANSWERS[dialect].servers, how);
        const during = await here.cycle();
        for (const { value, labels } of during.all("ktcloud_lb_success")) {
          const own = { lb_id: labels.lb_id ?? "" };
          if (value === 1) continue;
          for (const name of ["ktcloud_lb_server_count", "ktcloud_lb_server_state"])
            expect(during.all(name, own)).toEqual(before.all(name, own));
        }
        expect(during.value("ktcloud_zone_up")).toBe(1);
        expect(during.value("ktcloud_lb_total_count")).toBe(2);
      }),
      { numRuns: RUNS },
    );
  }, 20_000);
});
