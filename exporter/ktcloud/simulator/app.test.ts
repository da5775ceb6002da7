import { describe, expect, test } from "bun:test";
import { ACCOUNT, PASSWORD, startCloud } from "../../testing/cloud.ts";
import { enter, LIST_PATH, login, SERVERS_PATH } from "../../testing/raw-cloud.ts";
import { balancerUuid } from "./ids.ts";

const NOT_FOUND = { response: { errortext: "Service Not Found", errorcode: "404" } };
const LEGACY = "loadbalancer/api?command=listLoadBalancers";

describe("the simulated login", () => {
  test("answers 201 with the token in a header and its end in the body", async () => {
    await using cloud = startCloud({}, () => 0);
    const answer = await login(cloud.url);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-subject-token")).toMatch(/^gAAAA\w{100,}$/);
    expect(await answer.json()).toMatchObject({
      token: {
        issued_at: "1970-01-01T00:00:00.000000Z",
        expires_at: "1970-01-01T01:00:00.000000Z",
        project: { name: ACCOUNT },
      },
    });
  });

  test.each([
    [{ password: "wrong" }, 401],
    [{ account: "other@example.com" }, 401],
    [{ project: "other@example.com" }, 401],
  ])("refuses %j with %d and Keystone's body", async (user, status) => {
    await using cloud = startCloud();
    const answer = await login(cloud.url, user);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code: status, title: "Unauthorized" } });
    expect(cloud.counts.unauthorised).toBe(1);
  });

  test("answers 400 to what is no login", async () => {
    await using cloud = startCloud();
    for (const body of ["", "{}", "<xml/>", '{"auth":{}}']) {
      const answer = await fetch(`${cloud.url}/d1/identity/auth/tokens`, { method: "POST", body });
      expect(answer.status).toBe(400);
    }
  });

  test.each([
    [{ tokenStatus: 200 } as const, 200, "1970-01-01T01:00:00.000000Z"],
    [{ expiresAt: "absent" } as const, 201, undefined],
    [{ expiresAt: "unreadable" } as const, 201, "in an hour"],
    [{ clockSkewSeconds: -3600 }, 201, "1970-01-01T00:00:00.000000Z"],
    [{ tokenTtlSeconds: 60 }, 201, "1970-01-01T00:01:00.000000Z"],
  ])("with %j answers %d, and says that the token ends at %s", async (change, status, end) => {
    await using cloud = startCloud({}, () => 0);
    cloud.turn(change);
    const answer = await login(cloud.url);
    const { token } = (await answer.json()) as { token: { expires_at?: string } };
    expect([answer.status, token.expires_at]).toEqual([status, end]);
  });
});

describe("the simulated lists", () => {
  test("need a token of their own zone that has not ended and is not revoked", async () => {
    let nowMs = 0;
    await using cloud = startCloud({}, () => nowMs);
    const { token } = await enter(cloud.url);
    const status = async (zone: string, given = token) =>
      (await fetch(`${cloud.url}/${zone}/${LIST_PATH}`, { headers: { "x-auth-token": given } }))
        .status;
    expect([await status("d1"), await status("d2"), await status("d1", "no")]).toEqual([
      200, 401, 401,
    ]);
    nowMs = 3_600_000;
    expect(await status("d1")).toBe(401);
    nowMs = 0;
    await fetch(`${cloud.url}/-/revoke-tokens`, { method: "POST" });
    expect(await status("d1")).toBe(401);
    expect(cloud.counts.unauthorised).toBe(4);
  });

  test.each(["d9/loadbalancer/client/api", "d9/loadbalancers", "d1", "d1/watch/v3/metrics", "d1/"])(
    "do not exist at /%s: 404 with the gateway's body",
    async (path) => {
      await using cloud = startCloud();
      const answer = await fetch(`${cloud.url}/${path}`);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual(NOT_FOUND);
      expect(cloud.counts.notFound).toBe(1);
    },
  );

  test.each([
    ["both", [200, 404, 200]],
    ["command", [200, 404, 404]],
    ["command-legacy-path", [404, 200, 404]],
    ["rest", [404, 404, 200]],
    ["none", [404, 404, 404]],
  ] as const)(
    "of a zone that speaks %s answer at their paths with %j",
    async (dialect, expected) => {
      await using cloud = startCloud();
      cloud.turn({ dialect });
      const zone = await enter(cloud.url);
      const answers = await Promise.all(
        [LIST_PATH, LEGACY, "loadbalancers"].map((path) => zone.get(path)),
      );
      expect(answers.map(({ status }) => status)).toEqual([...expected]);
      for (const answer of answers) {
        if (answer.status === 404) expect(await answer.json()).toEqual(NOT_FOUND);
      }
    },
  );

  test("of one zone may speak what others do not", async () => {
    await using cloud = startCloud();
    cloud.turn({ dialect: "command", zones: { d2: { dialect: "rest", loadBalancers: 2 } } });
    const [one, other] = [await enter(cloud.url), await enter(cloud.url, { zone: "d2" })];
    expect((await one.get("loadbalancers")).status).toBe(404);
    expect(await other.json("loadbalancers")).toMatchObject({ pagination: { total: 2 } });
  });

  test.each([
    ["", 6],
    ["&name=gyeolje-api-lb-1", 1],
    ["&serviceip=172.25.0.3", 1],
    ["&loadbalancerid=38004&zoneid=DX-M1", 1],
    ["&zoneid=DX-G", 0],
    ["&memid=whoever", 6],
  ])("are filtered by %j: %d are left", async (filter, count) => {
    await using cloud = startCloud();
    const answer = await (await enter(cloud.url)).json(LIST_PATH + filter);
    expect(answer).toMatchObject({ listloadbalancersresponse: { count } });
  });

  test.each([
    ["listLoadBalancerWebServers", 404],
    ["listLoadBalancerWebServers&loadbalancerid=", 404],
    ["listLoadBalancerWebServers&loadbalancerid=38012", 404],
    ["listLoadBalancerWebServers&loadbalancerid=58000", 404],
    ["deleteLoadBalancer&loadbalancerid=38000", 400],
    ["", 400],
  ])("refuse the command %j with %d", async (command, status) => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    expect((await zone.get(`loadbalancer/client/api?command=${command}`)).status).toBe(status);
  });
});

interface Page {
  readonly pagination: { readonly size: number; readonly total: number; readonly offset: number };
  readonly data: readonly { readonly loadbalancerId: string; readonly loadbalancerName: string }[];
}

describe("the pages of the rest dialect", () => {
  test.each([
    ["", { size: 20, total: 45, offset: 0 }, 20],
    ["?page=3", { size: 20, total: 45, offset: 40 }, 5],
    ["?page=4", { size: 20, total: 45, offset: 60 }, 0],
    ["?page=2&size=30", { size: 30, total: 45, offset: 30 }, 15],
    ["?size=9999", { size: 2000, total: 45, offset: 0 }, 45],
    ["?page=0&size=0", { size: 20, total: 45, offset: 0 }, 20],
    ["?page=x&size=-1", { size: 20, total: 45, offset: 0 }, 20],
    ["?loadbalancerName=jumun-web-lb-2", { size: 20, total: 1, offset: 0 }, 1],
    [`?loadbalancerId=${balancerUuid(1, 38_010)}`, { size: 20, total: 1, offset: 0 }, 1],
    ["?loadbalancerId=38010", { size: 20, total: 0, offset: 0 }, 0],
  ])("at %j", async (query, pagination, length) => {
    await using cloud = startCloud({ loadBalancers: 45 });
    const page = (await (await enter(cloud.url)).json(`loadbalancers${query}`)) as Page;
    expect(page.pagination).toEqual(pagination);
    expect(page.data).toHaveLength(length);
  });

  test("hold each of 4,500 load balancers once, in the order of the command's list", async () => {
    await using cloud = startCloud({ loadBalancers: 4500 }, () => 0);
    const zone = await enter(cloud.url);
    const pages = await Promise.all(
      [1, 2, 3].map((page) => zone.json(`loadbalancers?page=${page}&size=2000`)),
    );
    const ids = (pages as Page[]).flatMap(({ data }) => data.map((one) => one.loadbalancerId));
    expect(new Set(ids).size).toBe(4500);
    const { listloadbalancersresponse: list } = (await zone.balancers()) as {
      listloadbalancersresponse: { loadbalancer: { loadbalancerid: number }[] };
    };
    expect(ids).toEqual(
      list.loadbalancer.map(({ loadbalancerid }) => balancerUuid(1, loadbalancerid)),
    );
  });

  test.each(["38000", "3f0e1a52-0000-4000-8000-000000009470", "x", balancerUuid(1, 38_012)])(
    "there are no servers of %s: 404",
    async (id) => {
      await using cloud = startCloud();
      const zone = await enter(cloud.url);
      expect((await zone.get(`loadbalancers/${id}/servers`)).status).toBe(404);
    },
  );
});

describe("a load balancer", () => {
  test.each([
    ["list", 5, 200],
    ["servers", 6, 404],
    ["everywhere", 5, 404],
  ] as const)(
    "hidden from %s: %d are listed, its servers are a %d, in both dialects",
    async (hide, total, status) => {
      await using cloud = startCloud();
      cloud.turn({ balancers: { "38002": { hide } } });
      const zone = await enter(cloud.url);
      expect(await zone.balancers()).toMatchObject({ listloadbalancersresponse: { count: total } });
      expect(await zone.json("loadbalancers")).toMatchObject({ pagination: { total } });
      const paths = [`${SERVERS_PATH}38002`, `loadbalancers/${balancerUuid(1, 38_002)}/servers`];
      for (const path of paths) expect((await zone.get(path)).status).toBe(status);
    },
  );

  test("comes and goes with the knob loadBalancers, its servers with the knob servers", async () => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    cloud.turn({ loadBalancers: 8, servers: 5 });
    expect(await zone.balancers()).toMatchObject({ listloadbalancersresponse: { count: 8 } });
    expect(await zone.servers(38_014)).toMatchObject({
      listloadbalancerwebserversresponse: { count: 5 },
    });
    cloud.turn({ loadBalancers: 7 });
    expect((await zone.get(`${SERVERS_PATH}38014`)).status).toBe(404);
  });
});

describe("the rate limit", () => {
  test.each([
    [{ perSecond: 2 }, 429, null],
    [{ perSecond: 2, retryAfter: "seconds", retryAfterSeconds: 9 }, 429, "9"],
    [{ perSecond: 2, retryAfter: "date" }, 429, "Thu, 01 Jan 1970 00:00:01 GMT"],
    [{ perSecond: 2, answer: "200" }, 200, null],
    [{ perSecond: 2, answer: "500" }, 500, null],
  ] as const)(
    "%j refuses the third list within a second with %d, Retry-After: %s",
    async (rateLimit, status, header) => {
      let nowMs = 0;
      await using cloud = startCloud({}, () => nowMs);
      const [zone, other] = [await enter(cloud.url), await enter(cloud.url)];
      cloud.turn({ rateLimit });
      await zone.get(LIST_PATH);
      await zone.get(`${SERVERS_PATH}38000`);
      const refused = await zone.get("loadbalancers");
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([status, header]);
      expect(await refused.text()).toContain("due to ratelimit timeout");
      expect(await other.balancers()).toHaveProperty("listloadbalancersresponse");
      nowMs = 1000;
      expect(await zone.balancers()).toHaveProperty("listloadbalancersresponse");
      expect(cloud.counts.rateLimited).toBe(1);
    },
  );
});

describe("several accounts", () => {
  const SECOND = { account: "second@example.com", password: "pässword 2" };

  test("log in each with their own password, and see load balancers of their own", async () => {
    await using cloud = startCloud();
    cloud.turn({ accounts: [SECOND] });
    expect((await login(cloud.url, { ...SECOND, password: PASSWORD })).status).toBe(401);
    const [one, other] = [await enter(cloud.url), await enter(cloud.url, SECOND)];
    expect(await one.balancers()).toMatchObject({ listloadbalancersresponse: { count: 6 } });
    expect(await other.balancers()).toMatchObject({ listloadbalancersresponse: { count: 6 } });
    expect((await other.get(`${SERVERS_PATH}238000`)).status).toBe(200);
    expect((await other.get(`${SERVERS_PATH}38000`)).status).toBe(404);
    expect((await one.get(`${SERVERS_PATH}238000`)).status).toBe(404);
  });

  test("are shown without passwords, which stay where a change leaves them out", async () => {
    await using cloud = startCloud();
    cloud.turn({ accounts: [SECOND] });
    const url = `${cloud.url}/-/knobs`;
    const shown = await (await fetch(url)).text();
    expect(shown).toContain(SECOND.account);
    const put = await fetch(url, { method: "PUT", body: shown });
    for (const text of [shown, await put.text(), await (await fetch(cloud.url)).text()]) {
      expect(text).not.toContain(SECOND.password);
      expect(text).not.toContain(PASSWORD);
    }
    expect((await login(cloud.url, SECOND)).status).toBe(201);
  });
});

describe("the controls", () => {
  const put = (url: string, body: string) => fetch(`${url}/-/knobs`, { method: "PUT", body });

  test("change some knobs, leave the others, and turn all of them back", async () => {
    await using cloud = startCloud();
    const before = (await (await fetch(`${cloud.url}/-/knobs`)).json()) as object;
    const answer = await put(cloud.url, '{"numbers":"mixed","faults":[{"kind":"reset"}]}');
    expect(await answer.json()).toEqual({
      ...before,
      numbers: "mixed",
      faults: [{ kind: "reset" }],
    });
    const reset = await fetch(`${cloud.url}/-/reset`, { method: "POST" });
    expect(await reset.json()).toEqual(before);
  });

  test.each([
    ["", "expected object"],
    ["{", "expected object"],
    ["[]", "expected object"],
    ['{"number":"mixed"}', '"number"'],
    ['{"numbers":"wild"}', "numbers"],
    ['{"loadBalancers":-1}', "loadBalancers"],
    ['{"loadBalancers":10001}', "loadBalancers"],
    ['{"tokenStatus":202}', "tokenStatus"],
    ['{"rateLimit":{"perSecond":0}}', "rateLimit.perSecond"],
    ['{"oddNumbers":{"wrong":""}}', "wrong"],
    ['{"zones":{"d9":{}}}', "d9"],
    ['{"zones":{"d1":{"faults":[]}}}', '"faults"'],
    ['{"balancers":{"web":{}}}', '"web"'],
    ['{"balancers":{"38000":{"hidden":true}}}', '"hidden"'],
    ['{"accounts":[{"account":"new"}]}', "accounts[0].password"],
    [
      '{"accounts":[{"account":"a","password":"b"},{"account":"a","password":"b"}]}',
      "accounts[1].account",
    ],
    ['{"faults":[{"kind":"wrong"}]}', "faults[0].kind"],
    ['{"faults":[{"kind":"reset","zone":"DX-M1"}]}', "faults[0].zone"],
    ['{"faults":[{"kind":"reset","probability":2}]}', "faults[0].probability"],
    ['{"faults":[{"kind":"status","status":200}]}', "faults[0].status"],
    ['{"faults":[{"kind":"delay"}]}', "faults[0].ms"],
    ['{"faults":[{"kind":"redirect","location":"a\\r\\nb"}]}', "faults[0].location"],
  ])("refuse %s, name what is wrong and change nothing", async (body, word) => {
    await using cloud = startCloud();
    const before = await (await fetch(`${cloud.url}/-/knobs`)).text();
    const answer = await put(cloud.url, body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(word);
    expect(await (await fetch(`${cloud.url}/-/knobs`)).text()).toBe(before);
  });

  test("refuse a wrong knob of turn() too", async () => {
    await using cloud = startCloud();
    expect(() => cloud.turn({ tokenTtlSeconds: 0 })).toThrow(/tokenTtlSeconds/);
  });

  test("count calls by operation, dialect and zone, tokens, and what is in flight", async () => {
    await using cloud = startCloud();
    const [zone, other] = [await enter(cloud.url), await enter(cloud.url, { zone: "d2" })];
    await zone.get(LIST_PATH);
    await zone.get("loadbalancers");
    await other.get(`${SERVERS_PATH}58000`);
    await zone.get(LEGACY);
    expect(await (await fetch(`${cloud.url}/-/counters`)).json()).toMatchObject({
      calls: { token: 2, listLoadBalancers: 2, listLoadBalancerWebServers: 1 },
      byDialect: {
        command: { listLoadBalancers: 1, listLoadBalancerWebServers: 1 },
        "command-legacy-path": { listLoadBalancers: 0 },
        rest: { listLoadBalancers: 1, listLoadBalancerWebServers: 0 },
      },
      byZone: {
        d1: { token: 1, listLoadBalancers: 2, listLoadBalancerWebServers: 0 },
        d2: { token: 1, listLoadBalancers: 0, listLoadBalancerWebServers: 1 },
      },
      inFlight: 0,
      inFlightMax: 1,
      notFound: 1,
      unauthorised: 0,
      tokensIssued: 2,
    });
  });

  test("count what is in flight at once", async () => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    cloud.turn({ faults: [{ kind: "delay", ms: 50 }] });
    await Promise.all([1, 2, 3, 4].map(() => zone.balancers()));
    expect([cloud.counts.inFlight, cloud.counts.inFlightMax]).toEqual([0, 4]);
  });

  test("remember the last calls, with their times and what became of them", async () => {
    let nowMs = 1000;
    await using cloud = startCloud({}, () => nowMs);
    const zone = await enter(cloud.url);
    nowMs = 3000;
    await zone.get(`${SERVERS_PATH}38002`);
    cloud.revokeTokens();
    await zone.get("loadbalancers");
    const calls = (await (await fetch(`${cloud.url}/-/calls`)).json()) as { elapsedMs: number }[];
    expect(calls).toMatchObject([
      { atMs: 1000, zone: "d1", call: "token", status: 201 },
      {
        atMs: 3000,
        call: "listLoadBalancerWebServers",
        dialect: "command",
        lbId: "38002",
        status: 200,
      },
      { atMs: 3000, call: "listLoadBalancers", dialect: "rest", status: 401 },
    ]);
    const [first, second, third] = calls.map(({ elapsedMs }) => elapsedMs);
    expect(first).toBeLessThan(second ?? 0);
    expect(second).toBeLessThan(third ?? 0);
  });

  test("answer another method with 405", async () => {
    await using cloud = startCloud();
    const paths = [
      "/",
      "/-/knobs",
      "/-/reset",
      "/-/revoke-tokens",
      "/-/counters",
      "/-/calls",
      "/-/ready",
    ];
    for (const path of paths) {
      expect((await fetch(cloud.url + path, { method: "DELETE" })).status).toBe(405);
    }
  });
});
