import { describe, expect, test } from "bun:test";
import { createSimulatorApp } from "./app.ts";
import { createCloud } from "./cloud.ts";
import { createCounts } from "./counts.ts";
import { FORM_KNOBS } from "./form.ts";
import { defaultKnobs, settingsOf } from "./settings.ts";

const FORM = "application/x-www-form-urlencoded";
const ACCOUNT = "it's <b>@example.com";

function setUp() {
  const faithful = defaultKnobs({ loadBalancers: 6, servers: 3 });
  const cloud = createCloud({
    credentials: { account: ACCOUNT, password: "pa55word" },
    seed: 1,
    now: () => 0,
    random: () => 0,
    settings: settingsOf(faithful),
  });
  const app = createSimulatorApp({ cloud, counts: createCounts(), faithful, elapsedMs: () => 0 });
  const page = async (path = "/") => (await app.request(path)).text();
  const post = (fields: Record<string, string>, type = FORM) =>
    app.request("/", {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: { "content-type": type },
    });
  return { cloud, faithful, app, page, post, knobs: () => cloud.settings.knobs };
}

/** Every field of the form of knobs as a browser would send it back. */
function fieldsOf(page: string): Record<string, string> {
  const form = page.slice(page.indexOf('id="knobs"'));
  const inputs = form.matchAll(/<input (?:type="hidden" )?name="(\w+)"[^>]*value="([^"]*)"/g);
  const selects = form.matchAll(/<select name="(\w+)">.*?<option selected>([^<]*)<\/option>/gs);
  return Object.fromEntries([...inputs, ...selects].map(([, name, value]) => [name, value]));
}

describe("the page", () => {
  test("is HTML without scripts that shows zones, counters, every knob of a form, and command lines", async () => {
    const { app } = setUp();
    const answer = await app.request("/");
    expect(answer.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await answer.text();
    expect(page).not.toContain("<script");
    for (const part of ["Faithful", "DX-Central", "118000", "Tokens issued", "curl -X PUT"]) {
      expect(page).toContain(part);
    }
    const names = ["zone", ...FORM_KNOBS.map(({ name }) => name)];
    expect(Object.keys(fieldsOf(page)).toSorted()).toEqual(names.toSorted());
  });

  test("escapes what others have put into it, and has no password", async () => {
    const { cloud, page, post } = setUp();
    await post({ action: "vanish", lbId: "38000" });
    cloud.settings = settingsOf({
      ...cloud.settings.knobs,
      balancers: { "38000": { name: "<script>alert(1)</script>" } },
      accounts: [{ account: "<i>", password: "<hidden-word>" }],
    });
    const text = await page();
    expect(text).toContain("&lt;script&gt;");
    for (const raw of ["<script", "<b>@", "<i>", "hidden-word", "pa55word"]) {
      expect(text).not.toContain(raw);
    }
  });

  test("says what is turned, and how to turn it back", async () => {
    const { page, post } = setUp();
    await post({ action: "outage" });
    const text = await page();
    expect(text).toContain("Not faithful");
    expect(text).toContain("&quot;status&quot;:503");
  });
});

describe("its forms", () => {
  test.each([
    ["outage", { faults: [{ kind: "status", status: 503, body: "html" }] }],
    ["slow", { faults: [{ kind: "delay", ms: 2000 }] }],
    ["flaky", { faults: [{ kind: "reset" }, { kind: "cut" }] }],
    [
      "storm",
      {
        faults: [
          { status: 429, every: 2 },
          { status: 429, every: 2 },
        ],
      },
    ],
    ["refusals", { faults: [{ kind: "refusal" }, { kind: "refusal" }] }],
    ["logins", { faults: [{ status: 401, call: "token" }] }],
    ["limit", { rateLimit: { perSecond: 5, answer: "429" } }],
    ["hang", { faults: [{ kind: "stall", lbId: "38002" }] }],
    ["fail", { faults: [{ kind: "status", status: 500, lbId: "38002" }] }],
    ["vanish", { balancers: { "38002": { hide: "servers" } } }],
    ["remove", { balancers: { "38002": { hide: "everywhere" } } }],
  ])("%s", async (action, expected) => {
    const { post, knobs } = setUp();
    const answer = await post({ action, lbId: " 38002 " });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
    expect(knobs()).toMatchObject(expected);
  });

  test("turn everything back, or end the faults only", async () => {
    const { post, knobs, faithful } = setUp();
    await post({ action: "knobs", numbers: "string" });
    await post({ action: "outage" });
    await post({ action: "calm" });
    expect(knobs()).toEqual({ ...faithful, numbers: "string" });
    await post({ action: "faithful" });
    expect(knobs()).toEqual(faithful);
  });

  test("revoke all tokens", async () => {
    const { cloud, post } = setUp();
    const { text } = cloud.tokens.issue({ zone: "DX-M1", account: 0 }, 60);
    expect(cloud.tokens.ownerOf(text, "DX-M1")).toBe(0);
    await post({ action: "revoke" });
    expect(cloud.tokens.ownerOf(text, "DX-M1")).toBeUndefined();
  });

  test("turn nothing when sent back as they came", async () => {
    const { page, post, knobs, faithful } = setUp();
    expect((await post({ ...fieldsOf(await page()), action: "knobs" })).status).toBe(303);
    expect(knobs()).toEqual(faithful);
  });

  test("turn knobs for all zones, whatever their type", async () => {
    const { page, post, knobs, faithful } = setUp();
    const changed = { dialect: "rest", loadBalancers: "45", drift: "false", tokenStatus: "200" };
    await post({ ...fieldsOf(await page()), ...changed, action: "knobs" });
    const expected = { dialect: "rest", loadBalancers: 45, drift: false, tokenStatus: 200 };
    expect(knobs()).toEqual({ ...faithful, ...expected } as typeof faithful);
  });

  test("turn for one zone only what was changed there, and come back to it", async () => {
    const { page, post, knobs } = setUp();
    const shown = fieldsOf(await page("/?zone=d2"));
    const answer = await post({ ...shown, servers: "9", action: "knobs" });
    expect(answer.headers.get("location")).toBe("/?zone=d2");
    await post({ ...fieldsOf(await page("/?zone=d2")), dialect: "none", action: "knobs" });
    expect(knobs().zones).toEqual({ d2: { servers: 9, dialect: "none" } });
    expect(knobs().servers).toBe(3);
  });

  test.each([
    [{}, "No action"],
    [{ action: "constructor" }, "No action"],
    [{ action: "knobs", loadBalancers: "many" }, "loadBalancers"],
    [{ action: "knobs", loadBalancers: "" }, "loadBalancers"],
    [{ action: "knobs", servers: "1e9" }, "servers"],
    [{ action: "knobs", dialect: "soap" }, "dialect"],
    [{ action: "vanish", lbId: "web" }, "web"],
    [{ action: "vanish", lbId: "__proto__" }, "__proto__"],
    [{ action: "vanish" }, "load balancer"],
  ])("refuse %j and say why", async (fields, word) => {
    const { post, knobs, faithful } = setUp();
    const answer = await post(fields);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(word);
    expect(knobs()).toEqual(faithful);
  });

  test.each(["text/plain", "application/json", "multipart/form-data", ""])(
    "are refused as %j with 415",
    async (type) => {
      const { post, knobs, faithful } = setUp();
      expect((await post({ action: "outage" }, type)).status).toBe(415);
      expect(knobs()).toEqual(faithful);
    },
  );
});
