import { describe, expect, test } from "bun:test";
import { readConfig } from "../../shared/config.ts";
import { sleep } from "../../shared/lifecycle.ts";
import type { Target } from "../targets/target.ts";
import { ACCOUNT, PASSWORD, startCloud } from "../testing/cloud.ts";
import { check } from "./check.ts";
import { get, getDefinition } from "./get.ts";

const tools = {
  fetch,
  now: Date.now,
  monotonicNow: () => performance.now(),
  sleep,
  random: () => 0,
  connectTimeoutMs: 1000,
  proxied: false,
};

function targetOf(apiUrl: string, over: Partial<Target> = {}): Target {
  return {
    account: undefined,
    zone: "DX-M1",
    apiUrl,
    credentials: { account: ACCOUNT, password: PASSWORD },
    dialect: "command",
    include: [],
    exclude: [],
    timeoutMs: 500,
    concurrency: 4,
    spacingMs: 0,
    ...over,
  };
}

describe("exporter check", () => {
  test("prints one line a zone with the load balancers, and ends with 0", async () => {
    await using cloud = startCloud({ loadBalancers: 12 });
    const targets = [
      targetOf(cloud.url),
      targetOf(cloud.url, { zone: "DX-G", include: ["jumun.*"] }),
    ];
    const { code, out } = await check(targets, tools);
    expect(code).toBe(0);
    expect(out.replaceAll(/\d+ ms/g, "1 ms").split("\n")).toEqual([
      "DX-M1: ok, 12 load balancers (command, 1 ms): jumun-web-lb-1, gyeolje-api-lb-1, hoewon-auth-lb-1, geomsaek-api-lb-1, baesong-track-lb-1, 쇼핑몰-이미지-lb-1, donghwasang-cdn-lb-1, allim-push-lb-1, yeyak-web-lb-1, gwanrija-admin-lb-1 and 2 more",
      "DX-G: ok, 2 load balancers (command, 1 ms, 10 filtered): jumun-web-lb-1, jumun-web-lb-2",
      "",
    ]);
  });

  test("ends with 1 where one fails, says why, and never shows the password", async () => {
    await using cloud = startCloud();
    const wrong = { account: ACCOUNT, password: "wrong-one" };
    const targets = [
      targetOf(cloud.url, { account: "shop" }),
      targetOf(cloud.url, { account: "other", credentials: wrong }),
    ];
    const { code, out } = await check(targets, tools);
    expect(code).toBe(1);
    const [fine, failed] = out.split("\n");
    expect(fine).toStartWith("shop DX-M1: ok, 6 load balancers");
    expect(failed).toBe(
      "other DX-M1: token failed (auth): HTTP 401: The request you have made requires authentication.",
    );
    expect(out).not.toContain("wrong-one");
  });
});

describe("exporter get", () => {
  const read = (argv: string[], env: Record<string, string> = {}) => {
    const line = readConfig(getDefinition, { argv, env, readFile: () => "" });
    if (line.kind !== "config") throw new TypeError(line.kind);
    return line.values;
  };

  /** An exporter that answers every path with itself and what it was sent. */
  function startExporter() {
    return Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        const status = pathname === "/-/ready" ? 503 : 200;
        return new Response(`${pathname} ${request.headers.get("authorization")}\n`, { status });
      },
    });
  }

  test("prints the page as it is", async () => {
    using exporter = startExporter();
    const config = read([`--web.listen-address=127.0.0.1:${exporter.port}`]);
    expect(await get(config, "/metrics", fetch)).toEqual({
      code: 0,
      out: "/metrics null\n",
      err: "",
    });
  });

  test("asks at loopback where the exporter listens everywhere, with the user it is given", async () => {
    const asked: [string, BunFetchRequestInit][] = [];
    const spy = async (url: string, init: BunFetchRequestInit) => {
      asked.push([url, init]);
      return new Response("a 1\n");
    };
    const env = { EXPORTER_GET_PASSWORD: "p:w", EXPORTER_GET_USER: "prom" };
    await get(read(["--scheme=https"], env), "/m", spy);
    await get(read(["--web.listen-address=[fd00::1]:80"]), "/m", spy);
    expect(asked.map(([url]) => url)).toEqual([
      "https://localhost:9105/m",
      "http://[fd00::1]:80/m",
    ]);
    expect(asked[0]?.[1].headers).toEqual({ authorization: `Basic ${btoa("prom:p:w")}` });
    expect(asked[1]?.[1].headers).toEqual({});
  });

  test("ends with 1 and the reason where the answer is not 200, or there is none", async () => {
    using exporter = startExporter();
    const config = read([`--web.listen-address=127.0.0.1:${exporter.port}`]);
    const answer = await get(config, "/-/ready", fetch);
    expect(answer).toMatchObject({ code: 1, out: "" });
    expect(answer.err).toContain("/-/ready: answered with 503: /-/ready null");
    const none = await get(read(["--web.listen-address=127.0.0.1:1"]), "/metrics", fetch);
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toContain("is the exporter running");
  });
});
