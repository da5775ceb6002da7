import { describe, expect, test } from "bun:test";
import { ACCOUNT, PASSWORD, startCloud } from "../../testing/cloud.ts";

const LIST = "/loadbalancer/client/api?command=listLoadBalancers&response=json";

function login(url: string, user: { name?: string; password?: string; project?: string } = {}) {
  const { name = ACCOUNT, password = PASSWORD, project = ACCOUNT } = user;
  const domain = { id: "default" };
  return fetch(`${url}/identity/auth/tokens`, {
    method: "POST",
    body: JSON.stringify({
      auth: {
        identity: { methods: ["password"], password: { user: { domain, name, password } } },
        scope: { project: { domain, name: project } },
      },
    }),
  });
}

describe("the simulated login", () => {
  test("answers 201 with the token in a header and its end in the body", async () => {
    await using cloud = startCloud({}, () => 0);
    const answer = await login(`${cloud.url}/d1`);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-subject-token")).toMatch(/^gAAAA\w{100,}$/);
    expect(await answer.json()).toMatchObject({
      token: { expires_at: "1970-01-01T01:00:00.000000Z", project: { name: ACCOUNT } },
    });
  });

  test.each([
    [{ password: "wrong" }, 401],
    [{ name: "other@example.com" }, 401],
    [{ project: "other@example.com" }, 401],
  ])("refuses %j with %d and Keystone's body", async (user, status) => {
    await using cloud = startCloud();
    const answer = await login(`${cloud.url}/d1`, user);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code: status, title: "Unauthorized" } });
  });

  test("answers 400 to what is no login", async () => {
    await using cloud = startCloud();
    for (const body of ["", "{}", "<xml/>", '{"auth":{}}']) {
      const answer = await fetch(`${cloud.url}/d1/identity/auth/tokens`, { method: "POST", body });
      expect(answer.status).toBe(400);
    }
  });
});

describe("the simulated lists", () => {
  test("need a token of their own zone that has not ended and is not revoked", async () => {
    let nowMs = 0;
    await using cloud = startCloud({}, () => nowMs);
    const token = (await login(`${cloud.url}/d1`)).headers.get("x-subject-token") ?? "";
    const status = async (zone: string, given = token) =>
      (await fetch(`${cloud.url}/${zone}${LIST}`, { headers: { "x-auth-token": given } })).status;
    expect([await status("d1"), await status("d2"), await status("d1", "no")]).toEqual([
      200, 401, 401,
    ]);
    nowMs = 3_600_000;
    expect(await status("d1")).toBe(401);
    nowMs = 0;
    await fetch(`${cloud.url}/-/revoke-tokens`, { method: "POST" });
    expect(await status("d1")).toBe(401);
  });

  test.each(["/d9/loadbalancer/client/api", "/d1/loadbalancer/api", "/d1/loadbalancers", "/"])(
    "do not exist at %s: 404 with the gateway's body",
    async (path) => {
      await using cloud = startCloud();
      const answer = await fetch(cloud.url + path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual({
        response: { errortext: "Service Not Found", errorcode: "404" },
      });
    },
  );
});

describe("the controls", () => {
  const put = (url: string, body: string) => fetch(`${url}/-/knobs`, { method: "PUT", body });

  test("change some knobs and leave the others", async () => {
    await using cloud = startCloud();
    const before = (await (await fetch(`${cloud.url}/-/knobs`)).json()) as object;
    const answer = await put(cloud.url, '{"numbers":"mixed","faults":[{"kind":"reset"}]}');
    expect(await answer.json()).toEqual({
      ...before,
      numbers: "mixed",
      faults: [{ kind: "reset" }],
    });
  });

  test.each([
    ["", "expected object"],
    ["{", "expected object"],
    ["[]", "expected object"],
    ['{"number":"mixed"}', '"number"'],
    ['{"numbers":"wild"}', "numbers"],
    ['{"loadBalancers":-1}', "loadBalancers"],
    ['{"faults":[{"kind":"status","status":200}]}', "faults[0].status"],
    ['{"faults":[{"kind":"delay"}]}', "faults[0].ms"],
  ])("refuse %s and name what is wrong", async (body, word) => {
    await using cloud = startCloud();
    const answer = await put(cloud.url, body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(word);
  });

  test("count calls, tokens and what is in flight", async () => {
    await using cloud = startCloud();
    await login(`${cloud.url}/d1`);
    await fetch(cloud.url + "/d1" + LIST);
    expect(await (await fetch(`${cloud.url}/-/counters`)).json()).toEqual({
      calls: { token: 1, listLoadBalancers: 1, listLoadBalancerWebServers: 0 },
      inFlight: 0,
      inFlightMax: 1,
      tokensIssued: 1,
    });
  });

  test("answer another method with 405", async () => {
    await using cloud = startCloud();
    for (const path of ["/-/knobs", "/-/revoke-tokens", "/-/counters", "/-/ready"]) {
      expect((await fetch(cloud.url + path, { method: "DELETE" })).status).toBe(405);
    }
  });
});
