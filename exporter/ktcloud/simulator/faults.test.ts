/** Every fault as a client sees it, and whom it strikes when. */
import { describe, expect, test } from "bun:test";
import { eventually } from "../../../shared/testing/eventually.ts";
import { ACCOUNT, startCloud } from "../../testing/cloud.ts";
import { enter, LIST_PATH, login, SERVERS_PATH } from "../../testing/raw-cloud.ts";
import { createFaultChooser, type FaultTarget } from "./fault-choice.ts";
import type { Fault } from "./fault-schema.ts";
import { balancerUuid } from "./ids.ts";
import type { KnobChange } from "./knobs.ts";

type FaultInput = NonNullable<KnobChange["faults"]>[number];

/** Status and body of a list, or `cut`. A new connection, so that nothing is tried twice. */
async function listUnder(fault: FaultInput, path = LIST_PATH) {
  await using cloud = startCloud({}, () => 0);
  const zone = await enter(cloud.url);
  cloud.turn({ faults: [fault] });
  try {
    const answer = await zone.get(path, {
      headers: { "x-auth-token": zone.token, connection: "close" },
      redirect: "manual",
    });
    const { status, headers } = answer;
    return { status, headers, text: await answer.text() };
  } catch {
    return { status: "cut", headers: new Headers(), text: "" };
  }
}

const RATE_LIMIT = "Unable to execute API command listTags due to ratelimit timeout";

const BODIES: readonly [Extract<Fault, { kind: "status" }>["body"], string | RegExp][] = [
  ["gateway", '{"response":{"errortext":"internal server error","errorcode":"500"}}'],
  ["keystone", /^\{"error":\{"code":500,"message":".+","title":"Error"\}\}$/],
  ["itemNotFound", '{"itemNotFound":{"code":500,"message":"No."}}'],
  ["httpStatus", '{"httpStatus":500,"data":"No."}'],
  ["html", /^<html>.*<\/html>$/],
  ["text", /^upstream connect error/],
  ["empty", ""],
  ["truncated", '{"response":{"errortext":"internal'],
  ["ratelimit", RegExp(RATE_LIMIT)],
  ["echo", /gAAAA/],
];

describe("an error status", () => {
  test.each([400, 401, 403, 404, 429, 498, 500, 502, 503, 504] as const)(
    "may be %d",
    async (status) => {
      expect((await listUnder({ kind: "status", status })).status).toBe(status);
    },
  );

  test.each(BODIES)("may come with the body %s", async (body, expected) => {
    const { status, text } = await listUnder({ kind: "status", status: 500, body });
    expect(status).toBe(500);
    if (typeof expected === "string") expect(text).toBe(expected);
    else expect(text).toMatch(expected);
  });

  test.each([
    [{}, null],
    [{ retryAfterSeconds: 7 }, "7"],
    [{ retryAfterSeconds: 7, retryAfterAs: "date" as const }, "Thu, 01 Jan 1970 00:00:07 GMT"],
  ])("with %j has Retry-After: %s", async (over, expected) => {
    const { headers } = await listUnder({ kind: "status", status: 429, body: "empty", ...over });
    expect(headers.get("retry-after")).toBe(expected);
  });
});

const ENVELOPE = "listloadbalancersresponse";

describe("an answer of 200", () => {
  test.each([
    [
      "errorcode",
      LIST_PATH,
      { [ENVELOPE]: { errorcode: "500", errortext: "internal server error" } },
    ],
    ["success", LIST_PATH, { [ENVELOPE]: { success: "false", displaytext: "failed" } }],
    ["successBoolean", LIST_PATH, { [ENVELOPE]: { success: false, displaytext: "failed" } }],
    ["gateway", LIST_PATH, { response: { errortext: "internal server error", errorcode: "500" } }],
    ["ratelimit", LIST_PATH, { response: { errortext: RATE_LIMIT, errorcode: "500" } }],
    [
      "errorcode",
      "loadbalancers",
      { data: { errorcode: "500", errortext: "internal server error" } },
    ],
  ] as const)("may be a refusal as %s at %s", async (shape, path, expected) => {
    const { status, text } = await listUnder({ kind: "refusal", shape }, path);
    expect([status, JSON.parse(text)]).toEqual([200, expected]);
  });

  test("may hold any JSON", async () => {
    expect(await listUnder({ kind: "envelope", body: [1] })).toMatchObject({
      status: 200,
      text: "[1]",
    });
  });

  test("may end in the middle of its JSON, as a whole HTTP answer", async () => {
    const { status, text } = await listUnder({ kind: "truncated" });
    expect(status).toBe(200);
    expect(text).toStartWith('{"listloadbalancersresponse":{"count":6');
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  test("may be larger than any cap, and good JSON all the same", async () => {
    const { text } = await listUnder({ kind: "large", bytes: 3_000_000 });
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(JSON.parse(text)).toHaveProperty(ENVELOPE);
  });
});

test.each([
  [{ kind: "redirect" } as const, 302, "/-/redirected"],
  [
    { kind: "redirect", status: 307, location: "http://127.0.0.1:1/" } as const,
    307,
    "http://127.0.0.1:1/",
  ],
])("%j sends elsewhere", async (fault, status, location) => {
  const answer = await listUnder(fault);
  expect([answer.status, answer.headers.get("location")]).toEqual([status, location]);
});

test.each([[{ kind: "reset" } as const], [{ kind: "cut" } as const]])(
  "%j cuts the connection",
  async (fault) => {
    expect((await listUnder(fault)).status).toBe("cut");
  },
);

test("a delay holds back the headers too, and ends in the true answer", async () => {
  const before = performance.now();
  const { status, text } = await listUnder({ kind: "delay", ms: 60 });
  expect(performance.now() - before).toBeGreaterThan(55);
  expect([status, Object.keys(JSON.parse(text) as object)]).toEqual([200, [ENVELOPE]]);
});

test("a stall gives headers and half of the body, and nothing more until the client leaves", async () => {
  await using cloud = startCloud();
  const zone = await enter(cloud.url);
  cloud.turn({ faults: [{ kind: "stall" }] });
  const leaving = new AbortController();
  const answer = await zone.get(LIST_PATH, {
    headers: { "x-auth-token": zone.token },
    signal: leaving.signal,
  });
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value)).toStartWith('{"listloadbalancersresponse"');
  const next = reader?.read().then(
    () => "more",
    () => "left",
  );
  expect(await Promise.race([next, Bun.sleep(50).then(() => "nothing")])).toBe("nothing");
  leaving.abort();
  expect(await next).toBe("left");
});

const CALL: FaultTarget = {
  call: "listLoadBalancerWebServers",
  prefix: "d1",
  dialect: "rest",
  lbId: balancerUuid(1, 38_002),
  account: ACCOUNT,
};

describe("a fault strikes", () => {
  test.each([
    [{}, true],
    [{ call: "listLoadBalancerWebServers" }, true],
    [{ call: "token" }, false],
    [{ zone: "d1" }, true],
    [{ zone: "d2" }, false],
    [{ dialect: "rest" }, true],
    [{ dialect: "command" }, false],
    [{ account: ACCOUNT }, true],
    [{ account: "other" }, false],
    [{ lbId: "38002" }, true],
    [{ lbId: balancerUuid(1, 38_002).toUpperCase() }, true],
    [{ lbId: "38004" }, false],
    [{ lbId: "nonsense" }, false],
    [{ call: "listLoadBalancerWebServers", zone: "d2" }, false],
  ] as const)("with %j a call for the servers of 38002 in d1, by rest: %p", (scope, strikes) => {
    const chooser = createFaultChooser(() => 0);
    expect(chooser.choose([{ kind: "reset", ...scope }], CALL) !== undefined).toBe(strikes);
  });

  test.each([
    [{}, "xxxxxxxx"],
    [{ times: 2 }, "xx......"],
    [{ times: 0 }, "........"],
    [{ after: 3 }, "...xxxxx"],
    [{ after: 2, times: 1 }, "..x....."],
    [{ every: 3 }, "..x..x.."],
    [{ every: 2, after: 1, times: 2 }, "..x.x..."],
    [{ probability: 0 }, "........"],
    [{ probability: 0.5 }, "x.x.x.x."],
    [{ probability: 1 }, "xxxxxxxx"],
    [{ probability: 0.5, times: 2 }, "x.x....."],
  ])("with %j the calls marked in %s", (turns, expected) => {
    let odd = false;
    const chooser = createFaultChooser(() => {
      odd = !odd;
      return odd ? 0.4 : 0.5;
    });
    const fault: Fault = { kind: "reset", ...turns };
    const struck = Array.from(expected, () => (chooser.choose([fault], CALL) ? "x" : "."));
    expect(struck.join("")).toBe(expected);
    expect(chooser.tallyOf(fault).struck).toBe(expected.replaceAll(".", "").length);
  });

  test("where it is the first that is due, and leaves the call to the next where it is not", () => {
    const chooser = createFaultChooser(() => 0);
    const faults: Fault[] = [
      { kind: "reset", times: 1 },
      { kind: "stall", times: 1 },
    ];
    const kinds = [1, 2, 3].map(() => chooser.choose(faults, CALL)?.kind);
    expect(kinds).toEqual(["reset", "stall", undefined]);
  });

  test("a login by the account that its body names", async () => {
    await using cloud = startCloud();
    cloud.turn({ faults: [{ kind: "status", status: 503, call: "token", account: ACCOUNT }] });
    expect((await login(cloud.url)).status).toBe(503);
    expect((await login(cloud.url, { account: "other@example.com" })).status).toBe(401);
  });

  test("so many times, counted over changes of other knobs, and anew when it is set anew", async () => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    const statuses = async (calls: number) => {
      const seen: number[] = [];
      for (let call = 0; call < calls; call += 1) seen.push((await zone.get(LIST_PATH)).status);
      return seen;
    };
    const once = { faults: [{ kind: "status", status: 503, times: 2 } as const] };
    cloud.turn(once);
    expect(await statuses(1)).toEqual([503]);
    cloud.turn({ numbers: "string" });
    expect(await statuses(2)).toEqual([503, 200]);
    cloud.turn(once);
    expect(await statuses(3)).toEqual([503, 503, 200]);
    expect(cloud.counts.faulty).toBe(4);
  });

  test("one load balancer in both dialects, and no other call", async () => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    cloud.turn({ faults: [{ kind: "status", status: 500, lbId: "38002" }] });
    const paths = [
      `${SERVERS_PATH}38002`,
      `loadbalancers/${balancerUuid(1, 38_002)}/servers`,
      `${SERVERS_PATH}38000`,
      LIST_PATH,
      "loadbalancers",
    ];
    const statuses = await Promise.all(paths.map(async (path) => (await zone.get(path)).status));
    expect(statuses).toEqual([500, 500, 200, 200, 200]);
  });

  test("nothing that the zone does not speak", async () => {
    await using cloud = startCloud();
    const zone = await enter(cloud.url);
    cloud.turn({ dialect: "rest", faults: [{ kind: "status", status: 503 }] });
    expect((await zone.get(LIST_PATH)).status).toBe(404);
    expect((await zone.get("loadbalancers")).status).toBe(503);
  });
});

test("a client that gives up on a delay is no longer in flight once the delay is over", async () => {
  await using cloud = startCloud();
  const zone = await enter(cloud.url);
  cloud.turn({ faults: [{ kind: "delay", ms: 100 }] });
  const call = zone.get(LIST_PATH, {
    headers: { "x-auth-token": zone.token },
    signal: AbortSignal.timeout(20),
  });
  expect(await call.catch(() => "left")).toBe("left");
  await eventually("nothing is in flight", () => cloud.counts.inFlight === 0);
});
