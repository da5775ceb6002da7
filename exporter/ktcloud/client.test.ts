import { describe, expect, test } from "bun:test";
import { ACCOUNT, clientOptions, ENDLESS, PASSWORD, startCloud } from "../testing/cloud.ts";
import { type ClientOptions, createClient } from "./client.ts";
import { createCommandApi } from "./command.ts";
import { ApiError } from "./errors.ts";
import type { Fault } from "./simulator/knobs.ts";

function apiOf(url: string, over: Partial<ClientOptions> = {}) {
  return createCommandApi(createClient({ ...clientOptions(url), ...over }));
}

async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ApiError) return error;
  throw new Error(`Not an ApiError: ${String(error)}`);
}

describe("against the simulated cloud, the client", () => {
  test("logs in once, lists load balancers, and lists the servers of each", async () => {
    await using cloud = startCloud({ loadBalancers: 5, servers: 2 });
    const api = apiOf(cloud.url);
    const { items } = await api.listLoadBalancers(ENDLESS);
    expect(items).toHaveLength(5);
    const lists = await Promise.all(items.map(({ id }) => api.listServers(id, ENDLESS)));
    expect(lists.map(({ listed }) => listed)).toEqual([2, 2, 2, 2, 2]);
    expect(cloud.tokensIssued()).toBe(1);
    expect(cloud.counts.calls).toEqual({
      token: 1,
      listLoadBalancers: 1,
      listLoadBalancerWebServers: 5,
    });
  });

  test("logs in anew when its tokens are revoked, once for all calls in flight", async () => {
    await using cloud = startCloud();
    const api = apiOf(cloud.url);
    const { items } = await api.listLoadBalancers(ENDLESS);
    cloud.revokeTokens();
    const lists = await Promise.all(items.map(({ id }) => api.listServers(id, ENDLESS)));
    expect(lists).toHaveLength(6);
    expect(cloud.tokensIssued()).toBe(2);
  });

  test("renews a token before its end, by whatever clock the cloud has", async () => {
    let nowMs = Date.now();
    await using cloud = startCloud({}, () => nowMs);
    cloud.turn({ clockSkewSeconds: -7200 });
    const api = apiOf(cloud.url, { now: () => nowMs, monotonicNow: () => nowMs });
    for (const minute of [0, 30, 54, 56, 100]) {
      nowMs += minute * 60_000;
      await api.listLoadBalancers(ENDLESS);
    }
    expect(cloud.counts.calls.listLoadBalancers).toBe(5);
    expect(cloud.tokensIssued()).toBe(4);
  });

  test("reports a wrong password as auth, after a single attempt", async () => {
    await using cloud = startCloud();
    const api = apiOf(cloud.url, { credentials: { account: ACCOUNT, password: "wrong" } });
    for (let call = 0; call < 5; call += 1) {
      const error = await failureOf(api.listLoadBalancers(ENDLESS));
      expect(error).toMatchObject({ failure: "auth", operation: "token", status: 401 });
    }
    expect(cloud.counts.calls).toMatchObject({ token: 1, listLoadBalancers: 0 });
  });

  test("reports a refused connection as network", async () => {
    const error = await failureOf(apiOf("http://127.0.0.1:1").listLoadBalancers(ENDLESS));
    expect(error).toMatchObject({ failure: "network", operation: "token", status: undefined });
  });

  test("does not follow a redirect, which would hand the token to another host", async () => {
    const elsewhere: string[] = [];
    using other = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        elsewhere.push(request.url);
        return new Response("{}");
      },
    });
    using cloud = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) =>
        request.method === "POST"
          ? Response.json({}, { status: 201, headers: { "x-subject-token": "t" } })
          : Response.redirect(`http://127.0.0.1:${other.port}/`, 302),
    });
    const error = await failureOf(
      apiOf(`http://127.0.0.1:${cloud.port}`).listLoadBalancers(ENDLESS),
    );
    expect(error).toMatchObject({ failure: "http", status: 302 });
    expect(elsewhere).toEqual([]);
  });
});

const FAULTS: readonly [Fault, ApiError["failure"]][] = [
  [{ kind: "status", status: 400, body: "gateway" }, "http"],
  [{ kind: "status", status: 401, body: "keystone" }, "auth"],
  [{ kind: "status", status: 403, body: "keystone" }, "http"],
  [{ kind: "status", status: 404, body: "gateway" }, "http"],
  [{ kind: "status", status: 429, body: "empty", retryAfterSeconds: 0 }, "ratelimit"],
  [{ kind: "status", status: 498, body: "html" }, "ratelimit"],
  [{ kind: "status", status: 500, body: "ratelimit" }, "ratelimit"],
  [{ kind: "status", status: 500, body: "itemNotFound" }, "http"],
  [{ kind: "status", status: 502, body: "html" }, "http"],
  [{ kind: "status", status: 503, body: "empty" }, "http"],
  [{ kind: "delay", ms: 60_000 }, "timeout"],
  [{ kind: "stall" }, "timeout"],
  [{ kind: "reset" }, "network"],
  [{ kind: "cut" }, "network"],
  [{ kind: "truncated" }, "parse"],
  [{ kind: "refusal", shape: "errorcode" }, "api"],
  [{ kind: "refusal", shape: "success" }, "api"],
  [{ kind: "refusal", shape: "gateway" }, "api"],
  [{ kind: "envelope", body: {} }, "parse"],
  [{ kind: "envelope", body: [] }, "parse"],
  [{ kind: "envelope", body: { listloadbalancersresponse: { count: 3 } } }, "parse"],
];

describe("a fault of one call is classed, costs only that call, and is over when it is over:", () => {
  test.each(FAULTS)("%j is %s", async (fault, expected) => {
    await using cloud = startCloud();
    const api = apiOf(cloud.url, { timeoutMs: 300 });
    cloud.turn({ faults: [{ ...fault, call: "listLoadBalancers" }] });
    // Not waited for: how the pause after a refusal is kept is the pacer's own test.
    const brief = { ...ENDLESS, endsAtMs: performance.now() + 400 };
    const error = await failureOf(api.listLoadBalancers(brief));
    expect({ failure: error.failure, operation: error.operation }).toEqual({
      failure: expected,
      operation: "list_load_balancers",
    });
    expect((await api.listServers("38000", ENDLESS)).listed).toBe(3);
    cloud.turn({ faults: [] });
    expect((await api.listLoadBalancers(ENDLESS)).listed).toBe(6);
  });

  test("a fault of the login is classed too", async () => {
    await using cloud = startCloud();
    cloud.turn({ faults: [{ kind: "stall", call: "token" }] });
    const error = await failureOf(apiOf(cloud.url, { timeoutMs: 200 }).listLoadBalancers(ENDLESS));
    expect(error).toMatchObject({ failure: "timeout", operation: "token" });
  });

  test("a body over the cap is a parse failure", async () => {
    await using cloud = startCloud({ loadBalancers: 500 });
    const error = await failureOf(
      apiOf(cloud.url, { maxBodyBytes: 20_000 }).listLoadBalancers(ENDLESS),
    );
    expect(error).toMatchObject({
      failure: "parse",
      message: "the body is larger than 20000 bytes",
    });
  });
});

describe("shapes that are no fault:", () => {
  test.each(["array", "missing", "null", "envelope"] as const)(
    "an empty list as %s is empty",
    async (emptyShape) => {
      await using cloud = startCloud();
      cloud.turn({ emptyShape, loadBalancers: 0 });
      expect(await apiOf(cloud.url).listLoadBalancers(ENDLESS)).toMatchObject({
        items: [],
        listed: 0,
      });
    },
  );

  test("a single object is a list of one", async () => {
    await using cloud = startCloud({ servers: 1 });
    cloud.turn({ singleAsObject: true, count: "absent" });
    expect((await apiOf(cloud.url).listServers("38000", ENDLESS)).items).toHaveLength(1);
  });

  test("numbers as text are numbers, blanks are nothing", async () => {
    await using cloud = startCloud({ servers: 4 }, () => 0);
    const api = apiOf(cloud.url);
    const { items: plain } = await api.listServers("38000", ENDLESS);
    cloud.turn({ numbers: "string" });
    expect((await api.listServers("38000", ENDLESS)).items).toEqual([...plain]);
    cloud.turn({ numbers: "mixed" });
    const { items: mixed } = await api.listServers("38000", ENDLESS);
    expect(mixed.map((one) => one.requestsPerSecond)).toEqual([
      undefined,
      ...plain.slice(1).map((one) => one.requestsPerSecond),
    ]);
    expect(mixed.map((one) => one.averageTtfbMs === undefined)).toEqual([false, true, false, true]);
    expect(mixed[3]?.throughputRate).toBe(plain[3]?.throughputRate);
  });
});

test("no error holds the password or the token, even if the cloud sends them back", async () => {
  await using cloud = startCloud();
  const api = apiOf(cloud.url, { loginHoldMs: 0 });
  const tokens: string[] = [];
  const spied = apiOf(cloud.url, {
    loginHoldMs: 0,
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      tokens.push(answer.headers.get("x-subject-token") ?? "");
      return answer;
    },
  });
  await spied.listLoadBalancers(ENDLESS);
  await api.listLoadBalancers(ENDLESS);
  cloud.turn({ faults: [{ kind: "status", status: 500, body: "echo" }] });
  const shown = [
    await failureOf(spied.listLoadBalancers(ENDLESS)),
    await failureOf(api.listServers("1", ENDLESS)),
  ];
  cloud.turn({ faults: [{ kind: "status", status: 401, body: "echo" }] });
  shown.push(await failureOf(api.listServers("1", ENDLESS)));
  const text = shown.map((error) => `${error.message} ${String(error.cause)}`).join("\n");
  expect(text).toContain("<secret>");
  for (const secret of [
    PASSWORD,
    JSON.stringify(PASSWORD).slice(1, -1),
    ...tokens.filter(Boolean),
  ]) {
    expect(text).not.toContain(secret);
  }
});
