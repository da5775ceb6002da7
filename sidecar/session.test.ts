import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "../shared/testing/eventually.ts";
import { Captures, formatKey } from "./capture.ts";
import type { Phase } from "./drain.ts";
import { Scrapers } from "./scrapers.ts";
import { Session } from "./session.ts";
import { createUpstream } from "./upstream.ts";

const servers: Bun.Server<undefined>[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** An application that counts, on a real port, with a session before it. */
function start(options: { budgetMs?: number; fetch?: (request: Request) => Response } = {}) {
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: options.fetch ?? (() => new Response(`a_total ${count}\n`)),
  });
  servers.push(server);
  const upstream = createUpstream(`http://127.0.0.1:${server.port}`, fetch);
  const nowMs = () => performance.now();
  const scrapers = new Scrapers();
  const captures = new Captures({
    upstream,
    nowMs,
    timeoutMs: 500,
    maxBytes: 1000,
    userAgent: "capture",
    defaultPath: "/metrics",
  });
  const phases: Phase[] = [];
  const captured = Promise.withResolvers<void>();
  const session = new Session({
    scrapers,
    captures,
    nowMs,
    captureIntervalMs: 2,
    settings: { budgetMs: options.budgetMs ?? 5000, refusalsUntilGone: 3 },
    onPhase: (phase) => phases.push(phase),
    onCapture: (outcome) => outcome === "whole" && captured.resolve(),
  });
  const format = {
    path: "/metrics",
    headers: new Headers({ accept: "a", "accept-encoding": "b" }),
  };
  return {
    session,
    captures,
    format,
    phases,
    server,
    nowMs,
    captured: captured.promise,
    count: () => ++count,
    scrape: (id: string, asOfMs: number) =>
      session.delivered({ id, format: formatKey(format) }, format, asOfMs),
    page: () => new TextDecoder().decode(captures.pageFor(format)?.bytes),
  };
}

describe("Session.end()", () => {
  test("captures what the application counts after the signal, then waits for the scraper to have it", async () => {
    const run = start();
    run.scrape("prometheus", run.nowMs());
    const ended = run.session.end();
    await run.captured;
    run.count();
    await eventually("the new count is captured", () => run.page() === "a_total 1\n");
    await run.server.stop(true);
    await eventually("the session is final", () => run.session.phase === "final");
    expect(run.session.missed().map(({ id }) => id)).toEqual(["prometheus"]);
    run.scrape("prometheus", run.captures.pageFor(run.format)?.asOfMs ?? 0);
    expect((await ended).outcome).toBe("delivered");
    expect(run.phases).toEqual(["draining", "final", "exit"]);
  });

  test("is not satisfied by a page older than the last one", async () => {
    const run = start({ budgetMs: 300 });
    run.scrape("prometheus", run.nowMs());
    const ended = run.session.end();
    await run.captured;
    await run.server.stop(true);
    await eventually("the session is final", () => run.session.phase === "final");
    run.scrape("prometheus", (run.captures.pageFor(run.format)?.asOfMs ?? 0) - 0.001);
    expect((await ended).outcome).toBe("deadline");
  });

  test("waits for both of a pair", async () => {
    const run = start();
    run.scrape("a", run.nowMs());
    run.scrape("b", run.nowMs());
    const ended = run.session.end();
    await run.captured;
    await run.server.stop(true);
    await eventually("the session is final", () => run.session.phase === "final");
    const asOfMs = run.captures.pageFor(run.format)?.asOfMs ?? 0;
    run.scrape("a", asOfMs);
    expect(run.session.phase).toBe("final");
    run.scrape("b", asOfMs);
    expect((await ended).outcome).toBe("delivered");
  });

  test("ends at the deadline while the application lives on", async () => {
    const run = start({ budgetMs: 50 });
    run.scrape("prometheus", run.nowMs());
    expect((await run.session.end()).outcome).toBe("deadline");
  });

  test("keeps no page that is broken, too large or an error", async () => {
    for (const answer of [new Response("x".repeat(1001)), new Response("no", { status: 503 })]) {
      const run = start({ budgetMs: 60, fetch: () => answer.clone() as Response });
      await run.session.end();
      expect(run.captures.any).toBe(false);
    }
  });

  test("called twice is one end", async () => {
    const run = start({ budgetMs: 50 });
    const [first, second] = await Promise.all([run.session.end(), run.session.end()]);
    expect(first).toBe(second);
    expect(run.phases).toEqual(["draining", "exit"]);
  });
});

describe("Captures", () => {
  test("keeps a page of its own for each format, and asks under its own name", async () => {
    const agents = new Set<string | null>();
    const run = start({
      fetch: (request) => {
        agents.add(request.headers.get("user-agent"));
        return new Response(`${request.headers.get("accept")}`);
      },
    });
    const om = {
      path: "/metrics",
      headers: new Headers({ accept: "openmetrics", "user-agent": "Prometheus/3" }),
    };
    const text = { path: "/metrics", headers: new Headers({ accept: "text" }) };
    run.captures.want(om);
    run.captures.want(text);
    expect(await run.captures.round()).toBe("whole");
    const page = (format: typeof om) =>
      new TextDecoder().decode(run.captures.pageFor(format)?.bytes);
    expect([page(om), page(text)]).toEqual(["openmetrics", "text"]);
    expect([...agents]).toEqual(["capture"]);
  });

  test("gives a page that was fetched with credentials only to who sends the same", async () => {
    const run = start();
    const withToken = { path: "/metrics", headers: new Headers({ authorization: "Bearer a" }) };
    run.captures.want(withToken);
    await run.captures.round();
    expect(run.captures.pageFor(withToken)).toBeDefined();
    expect(run.captures.pageFor({ path: "/metrics", headers: new Headers() })).toBeUndefined();
    const other = { path: "/metrics", headers: new Headers({ authorization: "Bearer b" }) };
    expect(run.captures.pageFor(other)).toBeUndefined();
  });

  test("keeps at most four formats, the newest asked for", async () => {
    const run = start();
    const format = (accept: string) => ({ path: "/metrics", headers: new Headers({ accept }) });
    for (const accept of ["1", "2", "3", "4", "5"]) run.captures.want(format(accept));
    await run.captures.round();
    expect(run.captures.page(formatKey(format("1")))).toBeUndefined();
    expect(run.captures.page(formatKey(format("5")))).toBeDefined();
  });
});
