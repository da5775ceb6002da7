import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { addHealth, addMetrics, ListenError, listen } from "./http.ts";
import { createRegistry } from "./metrics.ts";
import { describeContract } from "./testing/contract.ts";

describeContract("a bare app", {
  metricsPath: "/metrics",
  createApp: (readiness) => {
    const app = new Hono();
    addHealth(app, readiness);
    addMetrics(app, "/metrics", createRegistry("thing", { version: "1", revision: "r", bun: "b" }));
    return app;
  },
});

const flag = "--web.listen-address";

describe("listen()", () => {
  test("on :: answers IPv4 and IPv6", async () => {
    const listener = listen({
      flag,
      bind: { host: "::", port: 0 },
      fetch: () => new Response("ok"),
    });
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect(await (await fetch(`http://${host}:${listener.port}/`)).text()).toBe("ok");
    }
    await listener.close(1000);
  });

  test("names the address, the flag and what to do where the port is in use", async () => {
    const bind = { host: "127.0.0.1", port: 0 };
    const first = listen({ flag, bind, fetch: () => new Response("ok") });
    const again = () =>
      listen({ flag, bind: { ...bind, port: first.port }, fetch: () => new Response("ok") });
    expect(again).toThrow(ListenError);
    expect(again).toThrow(
      `Cannot listen on 127.0.0.1:${first.port} (--web.listen-address): the port is in use`,
    );
    await first.close(1000);
  });

  test("says that an address is not this machine's", () => {
    // 192.0.2.0/24 is for documentation (RFC 5737), so no machine has it.
    const run = () =>
      listen({ flag, bind: { host: "192.0.2.1", port: 0 }, fetch: () => new Response("") });
    expect(run).toThrow("this machine has no such address");
  });

  test("close() lets an answer in flight end", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    const listener = listen({
      flag,
      bind: { host: "127.0.0.1", port: 0 },
      fetch: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const got = fetch(`http://127.0.0.1:${listener.port}/`).then((r) => r.text());
    await asked.promise;
    const closed = listener.close(5000);
    answer.resolve(new Response("whole"));
    expect(await got).toBe("whole");
    await closed;
  });

  test("close() cuts an answer that outlives the deadline", async () => {
    const asked = Promise.withResolvers<void>();
    const listener = listen({
      flag,
      bind: { host: "127.0.0.1", port: 0 },
      fetch: () => {
        asked.resolve();
        return new Promise<Response>(() => {});
      },
    });
    const got = fetch(`http://127.0.0.1:${listener.port}/`).catch(() => "cut");
    await asked.promise;
    await listener.close(50);
    expect(await got).toBe("cut");
  });
});
