import { afterEach, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { listen } from "../shared/http.ts";
import { createLogger } from "../shared/log.ts";
import { createRegistry } from "../shared/metrics.ts";
import { describeContract } from "../shared/testing/contract.ts";
import { type AppOptions, createApp } from "./app.ts";
import { Captures } from "./capture.ts";
import { createMetrics } from "./metrics.ts";
import { Scrapers } from "./scrapers.ts";
import { Session } from "./session.ts";
import { createUpstream } from "./upstream.ts";

const PROMETHEUS = { "user-agent": "Prometheus/2.42.0", "accept-encoding": "gzip" };
const stack: (() => void)[] = [];

afterEach(() => {
  for (const end of stack.splice(0)) end();
});

/** An application on a real port. */
function startApp(fetch: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  stack.push(() => void server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

/** The proxy before an application, on a real port. */
function startProxy(baseUrl: string, options: { timeoutMs?: number } = {}) {
  const nowMs = () => performance.now();
  const upstreamTimeoutMs = options.timeoutMs ?? 2000;
  const upstream = createUpstream(baseUrl, fetch);
  const scrapers = new Scrapers();
  const registry = createRegistry("sidecar", { version: "1", revision: "r", bun: "b" });
  const captures = new Captures({
    upstream,
    nowMs,
    timeoutMs: upstreamTimeoutMs,
    maxBytes: 1 << 20,
    userAgent: "capture",
    defaultPath: "/metrics",
  });
  const session = new Session({
    scrapers,
    captures,
    nowMs,
    captureIntervalMs: 5,
    settings: { budgetMs: 5000, refusalsUntilGone: 3 },
    onPhase: () => {},
    onCapture: () => {},
  });
  const metrics = createMetrics(registry, scrapers);
  const log = createLogger({ level: "error", format: "text", write: () => {} });
  const app = createApp({
    metricsPaths: ["/metrics", "/custom"],
    upstreamTimeoutMs,
    upstream,
    session,
    captures,
    registry,
    metrics,
    log,
    nowMs,
    readiness: () => true as const,
  });
  const server = listen({
    flag: "--proxy-port",
    bind: { host: "127.0.0.1", port: 0 },
    fetch: (request) => app.fetch(request, { address: "192.0.2.7" }),
  });
  stack.push(() => void server.close(0));
  const outcome = async (name: string) =>
    (await metrics.scrapes.get()).values.find(({ labels }) => labels.outcome === name)?.value;
  return { url: `http://127.0.0.1:${server.port}`, port: server.port, scrapers, session, outcome };
}

/** The status of a request line as it stands: fetch would tidy the path up before sending it. */
async function statusOf(port: number, requestLine: string): Promise<number> {
  const answer = Promise.withResolvers<string>();
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) => void socket.write(`${requestLine}\r\nHost: pod\r\n\r\n`),
      data: (socket, data) => {
        answer.resolve(data.toString());
        socket.end();
      },
    },
  });
  return Number((await answer.promise).split(" ")[1]);
}

const unzipped = { decompress: false } as RequestInit;

describeContract("the sidecar", {
  metricsPath: "/-/metrics",
  createApp: (readiness) => {
    const registry = createRegistry("sidecar", { version: "1", revision: "r", bun: "b" });
    const options = { metricsPaths: ["/metrics"], registry, readiness };
    return createApp(options as unknown as AppOptions) as unknown as Hono;
  },
});

describe("a scrape through the proxy", () => {
  test("is answered with the application's status, headers and bytes, gzip untouched", async () => {
    const page = Bun.gzipSync("# HELP a_total A.\n# TYPE a_total counter\na_total 1\n");
    let asked: Headers | undefined;
    const proxy = startProxy(
      startApp((request) => {
        asked = request.headers;
        return new Response(page, {
          headers: {
            "content-encoding": "gzip",
            "content-type": "text/plain; version=0.0.4",
            "x-app": "1",
          },
        });
      }),
    );
    const accept =
      "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    const answer = await fetch(`${proxy.url}/metrics`, {
      headers: { ...PROMETHEUS, accept },
      ...unzipped,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect(answer.headers.get("x-app")).toBe("1");
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(page);
    expect(asked?.get("accept")).toBe(accept);
    expect(asked?.get("user-agent")).toBe("Prometheus/2.42.0");
  });

  test("carries path and query", async () => {
    const proxy = startProxy(startApp((request) => new Response(new URL(request.url).search)));
    expect(await (await fetch(`${proxy.url}/custom?module=a%20b&x=`)).text()).toBe(
      "?module=a%20b&x=",
    );
  });

  test("by HEAD stays a HEAD", async () => {
    let method = "";
    const proxy = startProxy(
      startApp((request) => {
        method = request.method;
        return new Response("12345");
      }),
    );
    const answer = await fetch(`${proxy.url}/metrics`, { method: "HEAD" });
    expect([method, answer.headers.get("content-length")]).toEqual(["HEAD", "5"]);
  });

  test.each([500, 503, 404, 401])("shows the application's own %p", async (status) => {
    const proxy = startProxy(startApp(() => new Response("own words", { status })));
    const answer = await fetch(`${proxy.url}/metrics`, { headers: PROMETHEUS });
    expect([answer.status, await answer.text()]).toEqual([status, "own words"]);
    expect(proxy.scrapers.all()).toEqual([]);
  });

  test("does not follow a redirect out of the metrics paths", async () => {
    const proxy = startProxy(startApp(() => Response.redirect("/admin", 302)));
    const answer = await fetch(`${proxy.url}/metrics`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/admin"]);
  });

  test("is 502 when the application is down, never an old page", async () => {
    const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("a 1\n") });
    const proxy = startProxy(`http://127.0.0.1:${gone.port}`);
    expect((await fetch(`${proxy.url}/metrics`, { headers: PROMETHEUS })).status).toBe(200);
    await gone.stop(true);
    const answer = await fetch(`${proxy.url}/metrics`, { headers: PROMETHEUS });
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain("does not answer");
    expect(await proxy.outcome("unreachable")).toBe(1);
  });

  test("is 504 when the application hangs, in time for the scraper's own timeout", async () => {
    const proxy = startProxy(
      startApp(() => new Promise<Response>(() => {})),
      { timeoutMs: 60_000 },
    );
    const headers = { ...PROMETHEUS, "x-prometheus-scrape-timeout-seconds": "0.2" };
    expect((await fetch(`${proxy.url}/metrics`, { headers })).status).toBe(504);
    expect(await proxy.outcome("timeout")).toBe(1);
  });

  test("breaks off where the application breaks off: half a page never looks whole", async () => {
    const half = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na 1\n\n\r\n`);
          socket.flush();
          setTimeout(() => socket.end(), 20);
        },
      },
    });
    stack.push(() => half.stop(true));
    const proxy = startProxy(`http://127.0.0.1:${half.port}`);
    const read = fetch(`${proxy.url}/metrics`, { headers: PROMETHEUS }).then((r) => r.text());
    expect(await read.catch(() => "broken off")).toBe("broken off");
    expect(await proxy.outcome("broken")).toBe(1);
    expect(proxy.scrapers.all()).toEqual([]);
  });

  test("that the client leaves ends the question to the application and counts for nothing", async () => {
    const left = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const proxy = startProxy(
      startApp((request) => {
        request.signal.addEventListener("abort", () => left.resolve());
        asked.resolve();
        return new Promise<Response>(() => {});
      }),
    );
    const leaving = new AbortController();
    const scrape = fetch(`${proxy.url}/metrics`, { headers: PROMETHEUS, signal: leaving.signal });
    await asked.promise;
    leaving.abort();
    await scrape.catch(() => {});
    await left.promise;
    expect(proxy.scrapers.all()).toEqual([]);
  });
});

describe("what counts as a scrape", () => {
  test.each([
    ["a GET by Prometheus", { headers: PROMETHEUS }, 1],
    ["a HEAD by Prometheus", { headers: PROMETHEUS, method: "HEAD" }, 0],
    ["a GET by curl", { headers: { "user-agent": "curl/8.5.0" } }, 0],
    ["a GET by the kubelet's probe", { headers: { "user-agent": "kube-probe/1.32" } }, 0],
  ] as const)("%s", async (_name, init, count) => {
    const proxy = startProxy(startApp(() => new Response("a 1\n")));
    await (await fetch(`${proxy.url}/metrics`, init)).text();
    expect(proxy.scrapers.all()).toHaveLength(count);
  });
});

describe("what does not reach the application", () => {
  test.each([
    ["GET", "/", 404],
    ["GET", "/admin", 404],
    ["GET", "/metrics/", 404],
    ["GET", "/metrics/../admin", 404],
    ["GET", "//metrics", 404],
    ["GET", "/-/", 404],
    ["POST", "/metrics", 405],
    ["PUT", "/metrics", 405],
    ["DELETE", "/custom", 405],
    ["OPTIONS", "/metrics", 405],
  ])("%s %s is %p", async (method, path, status) => {
    let reached = 0;
    const proxy = startProxy(
      startApp(() => {
        reached++;
        return new Response("a 1\n");
      }),
    );
    expect(await statusOf(proxy.port, `${method} ${path} HTTP/1.1`)).toBe(status);
    expect(reached).toBe(0);
  });
});
