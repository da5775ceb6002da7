import { afterEach, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { createRegistry } from "../shared/metrics.ts";
import { describeContract } from "../shared/testing/contract.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type AppOptions, createApp } from "./app.ts";
import { PROMETHEUS, startRig } from "./testing/rig.ts";

const stack: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of stack.splice(0)) await end();
});

/** A sidecar before an application that answers so. */
function rigBefore(
  fetch: (request: Request) => Response | Promise<Response>,
  ...flags: readonly string[]
) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    reusePort: false,
    fetch,
  });
  const rig = startRig(server.port ?? 0, ...flags);
  stack.push(rig.close, () => server.stop(true));
  return { ...rig, stopApplication: () => server.stop(true) };
}

/** A sidecar before raw TCP: each request is answered with this text, then the connection ends. */
function rigBeforeRaw(answer: string) {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.write(answer);
        socket.end();
      },
    },
  });
  const rig = startRig(server.port);
  stack.push(rig.close, () => server.stop(true));
  return rig;
}

describeContract("the sidecar", {
  metricsPath: "/-/metrics",
  createApp: (readiness) => {
    const registry = createRegistry("sidecar", { version: "1", revision: "r", bun: "b" });
    const options = { metricsPaths: ["/scraped"], registry: async () => registry, readiness };
    return createApp(options as unknown as AppOptions) as unknown as Hono;
  },
});

describe("a scrape through the proxy", () => {
  test("is answered with the application's status, headers and bytes, gzip untouched", async () => {
    const page = Bun.gzipSync("# HELP a_total A.\n# TYPE a_total counter\na_total 1\n");
    let asked: Headers | undefined;
    const rig = rigBefore((request) => {
      asked = request.headers;
      const headers = {
        "content-encoding": "gzip",
        "content-type": "text/plain; version=0.0.4",
        "x-app": "1",
      };
      return new Response(page, { headers });
    });
    const accept =
      "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    const answer = await fetch(`${rig.url}/metrics`, {
      headers: { ...PROMETHEUS, accept },
      decompress: false,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect(answer.headers.get("x-app")).toBe("1");
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(page);
    expect(asked?.get("accept")).toBe(accept);
    expect(asked?.get("accept-encoding")).toBe("gzip");
    expect(asked?.get("user-agent")).toBe("Prometheus/2.42.0");
  });

  test("carries path and query", async () => {
    const rig = rigBefore((request) => new Response(new URL(request.url).search));
    expect(await (await fetch(`${rig.url}/custom?module=a%20b&x=`)).text()).toBe(
      "?module=a%20b&x=",
    );
  });

  test("by HEAD stays a HEAD", async () => {
    let method = "";
    const rig = rigBefore((request) => {
      method = request.method;
      return new Response("12345");
    });
    const answer = await fetch(`${rig.url}/metrics`, { method: "HEAD" });
    expect([method, answer.headers.get("content-length")]).toEqual(["HEAD", "5"]);
  });

  test.each([500, 503, 404, 401])("shows the application's own %p", async (status) => {
    const rig = rigBefore(() => new Response("own words", { status }));
    const answer = await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS });
    expect([answer.status, await answer.text()]).toEqual([status, "own words"]);
    expect(rig.scrapers.all()).toEqual([]);
  });

  test("does not follow a redirect out of the metrics paths", async () => {
    const rig = rigBefore(() => Response.redirect("/admin", 302));
    const answer = await fetch(`${rig.url}/metrics`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/admin"]);
  });

  test.each([
    ["a body in chunks", 40],
    ["a long body", 4_000_000],
  ])("streams %s whole", async (_name, size) => {
    const half = "x".repeat(size / 2);
    const rig = rigBefore(() => {
      async function* body() {
        yield half;
        await Bun.sleep(5);
        yield half;
      }
      return new Response(body());
    });
    const answer = await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS });
    expect(await answer.text()).toBe(half + half);
  });

  test("is 502 when the application is down, never an old page", async () => {
    const rig = rigBefore(() => new Response("a 1\n"));
    expect((await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS })).status).toBe(200);
    await rig.stopApplication();
    const answer = await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS });
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain("refuses connections");
    expect(rig.outcome("unreachable")).toBe(1);
  });

  test("asks again where a kept connection turned out closed", async () => {
    let connections = 0;
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: () => void connections++,
        data(socket) {
          socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n");
          // Said to be kept, and closed all the same.
          socket.end();
        },
      },
    });
    const rig = startRig(server.port);
    stack.push(rig.close, () => server.stop(true));
    for (let i = 0; i < 5; i++) expect((await fetch(`${rig.url}/metrics`)).status).toBe(200);
    expect(connections).toBe(5);
  });

  test("is 504 when the application hangs, in time for the scraper's own timeout", async () => {
    const rig = rigBefore(() => new Promise<Response>(() => {}), "--upstream-timeout=60s");
    const headers = { ...PROMETHEUS, "x-prometheus-scrape-timeout-seconds": "0.2" };
    expect((await fetch(`${rig.url}/metrics`, { headers })).status).toBe(504);
    expect(rig.outcome("timeout")).toBe(1);
  });

  test.each([
    ["a short page of a known length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na 1\n"],
    ["a head", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["no answer at all", "SSH-2.0-x\r\n\r\n"],
  ])("is a clean 502 where the application breaks off in %s", async (_name, text) => {
    const rig = rigBeforeRaw(text);
    expect((await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS })).status).toBe(502);
    expect(rig.scrapers.all()).toEqual([]);
  });

  test("is no page where a body without a length stalls", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\na_total 1\n") },
    });
    const rig = startRig(server.port, "--upstream-timeout=200ms");
    stack.push(rig.close, () => server.stop(true));
    expect((await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS })).status).toBe(504);
    expect(await rig.ending.captureOnce()).toBe("failed");
    expect(rig.pages.captured).toBe(false);
  });

  test("is whole where such a body ends with the application's FIN", async () => {
    const rig = rigBeforeRaw("HTTP/1.1 200 OK\r\n\r\na_total 1\n");
    expect(await (await fetch(`${rig.url}/metrics`)).text()).toBe("a_total 1\n");
  });

  test("that its client gives up does not cut the next question on the same connection", async () => {
    let asked = 0;
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          asked++;
          if (asked === 1) {
            const page = "x".repeat(200_000);
            socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n${page}`);
          } else {
            // Answered only after the first client has gone.
            setTimeout(
              () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 2\n"),
              100,
            );
          }
        },
      },
    });
    const rig = startRig(server.port);
    stack.push(rig.close, () => server.stop(true));
    const first = await Bun.connect({
      hostname: "127.0.0.1",
      port: rig.port,
      socket: { data: () => {} },
    });
    first.pause();
    first.write("GET /metrics HTTP/1.1\r\nHost: pod\r\n\r\n");
    await eventually("the first answer is under way", () => asked === 1);
    await Bun.sleep(20);
    const second = fetch(`${rig.url}/metrics`);
    await eventually("the second is asked", () => asked === 2);
    first.terminate();
    expect(await (await second).text()).toBe("a 2\n");
  });

  test("does not reuse a connection on which a HEAD was answered with a body", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, data) {
          const head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
          socket.write(head);
          // A common fault: the body follows, whatever the method.
          setTimeout(() => socket.write("a 1\n"), data.toString().startsWith("HEAD") ? 5 : 0);
        },
      },
    });
    const rig = startRig(server.port);
    stack.push(rig.close, () => server.stop(true));
    for (let i = 0; i < 20; i++) {
      await fetch(`${rig.url}/metrics`, { method: "HEAD" });
      expect(await (await fetch(`${rig.url}/metrics`)).text()).toBe("a 1\n");
    }
  });

  test("breaks off where a long page breaks off: half a page never looks whole", async () => {
    const rig = rigBeforeRaw(
      `HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n${"x".repeat(300_000)}`,
    );
    const read = fetch(`${rig.url}/metrics`, { headers: PROMETHEUS }).then((r) => r.text());
    expect(await read.catch(() => "broken off")).toBe("broken off");
    expect(rig.outcome("broken")).toBe(1);
    expect(rig.scrapers.all()).toEqual([]);
  });

  test("that the client leaves ends the question to the application and counts for nothing", async () => {
    const left = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const rig = rigBefore((request) => {
      request.signal.addEventListener("abort", () => left.resolve());
      asked.resolve();
      return new Promise<Response>(() => {});
    });
    const leaving = new AbortController();
    const scrape = fetch(`${rig.url}/metrics`, { headers: PROMETHEUS, signal: leaving.signal });
    await asked.promise;
    leaving.abort();
    await scrape.catch(() => {});
    await left.promise;
    expect(rig.scrapers.all()).toEqual([]);
  });

  test("that has come from this sidecar itself is 508", async () => {
    const rig: ReturnType<typeof rigBefore> = rigBefore(async (request) => {
      const again = await fetch(`${rig.url}/metrics`, { headers: request.headers });
      return new Response(await again.text(), { status: again.status });
    });
    const answer = await fetch(`${rig.url}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([
      508,
      expect.stringContaining("--original-port leads to it"),
    ]);
  });
});

describe("what counts as a scrape", () => {
  test.each([
    ["a GET by Prometheus", { headers: PROMETHEUS }, 1],
    ["a HEAD by Prometheus", { headers: PROMETHEUS, method: "HEAD" }, 0],
    ["a GET by curl", { headers: { "user-agent": "curl/8.5.0" } }, 0],
    ["a GET by the kubelet's probe", { headers: { "user-agent": "kube-probe/1.32" } }, 0],
  ] as const)("%s", async (_name, init, count) => {
    const rig = rigBefore(() => new Response("a 1\n"));
    await (await fetch(`${rig.url}/metrics`, init)).text();
    expect(rig.scrapers.all()).toHaveLength(count);
  });
});

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

describe("what does not reach the application", () => {
  test.each([
    ["GET", "/", 404],
    ["GET", "/admin", 404],
    ["GET", "/metrics/", 404],
    ["GET", "/metrics/../admin", 404],
    ["GET", "/%6detrics", 404],
    ["GET", "//metrics", 404],
    ["GET", "/-/", 404],
    ["GET", "http://pod/admin", 404],
    ["POST", "/metrics", 405],
    ["PUT", "/metrics", 405],
    ["DELETE", "/custom", 405],
    ["OPTIONS", "/metrics", 405],
  ])("%s %s is %p", async (method, path, status) => {
    let reached = 0;
    const rig = rigBefore(() => {
      reached++;
      return new Response("a 1\n");
    });
    expect(await statusOf(rig.port, `${method} ${path} HTTP/1.1`)).toBe(status);
    expect(reached).toBe(0);
  });
});

describe("GET /-/prestop", () => {
  test("needs the token where one is set", async () => {
    const rig = rigBefore(() => new Response("a 1\n"), "--prestop-token=secret");
    expect((await fetch(`${rig.url}/-/prestop`)).status).toBe(403);
    expect(rig.ending.phase).toBe("running");
    const headers = { "x-prestop-token": "secret" };
    expect((await fetch(`${rig.url}/-/prestop`, { headers })).status).toBe(200);
    expect(rig.ending.phase).toBe("draining");
  });

  test("answers when the first capture is whole", async () => {
    const rig = rigBefore(() => new Response("a 1\n"));
    await fetch(`${rig.url}/-/prestop`);
    expect(rig.pages.captured).toBe(true);
  });

  test("is held for a tenth of the grace period by an application that hangs", async () => {
    const rig = rigBefore(() => new Promise<Response>(() => {}));
    const started = performance.now();
    expect((await fetch(`${rig.url}/-/prestop`)).status).toBe(200);
    expect(performance.now() - started).toBeWithin(590, 1500);
  });
});

describe("/-/flush", () => {
  test("captures at once, by GET and POST, in whatever phase", async () => {
    let count = 0;
    const rig = rigBefore(() => new Response(`a_total ${++count}\n`));
    for (const method of ["GET", "POST"]) {
      expect((await fetch(`${rig.url}/-/flush`, { method })).status).toBe(200);
    }
    expect(count).toBe(2);
    expect(rig.ending.phase).toBe("running");
  });

  test("is 502 where there is nothing to capture", async () => {
    const rig = rigBefore(() => new Response("no", { status: 503 }));
    const answer = await fetch(`${rig.url}/-/flush`, { method: "POST" });
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining("failed")]);
  });

  test("is refused from any other address than this pod's own", async () => {
    const rig = rigBefore(() => new Response("a 1\n"));
    for (const [address, status] of [
      ["10.0.0.1", 403],
      ["::1", 200],
      ["127.0.0.1", 200],
    ] as const) {
      const answer = await rig.app.request(
        "/-/flush",
        {},
        { requestIP: () => ({ address, port: 1 }) },
      );
      expect([address, answer.status]).toEqual([address, status]);
    }
  });
});

test("GET /-/status tells phase, scrapers and captures", async () => {
  const rig = rigBefore(() => new Response("a 1\n"));
  await (await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS })).text();
  expect(await (await fetch(`${rig.url}/-/status`)).json()).toMatchObject({
    phase: "running",
    scrapers: [
      {
        address: "127.0.0.1",
        user_agent: "Prometheus/2.42.0",
        interval_seconds: null,
        active: true,
        satisfied: false,
      },
    ],
    captures: { whole: 0, formats: [{ path: "/metrics", encoding: "gzip", bytes: 4 }] },
  });
});
