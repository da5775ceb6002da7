import { describe, expect, test } from "bun:test";
import { createServer, type Server, Socket } from "node:net";
import { eventually } from "../../shared/testing/eventually.ts";
import { createReach } from "./reach.ts";

/** A server that counts the connections it accepts, and closes each. */
async function listening(): Promise<{ port: number; seen: () => number; server: Server }> {
  let seen = 0;
  const server = createServer((socket) => {
    seen += 1;
    socket.on("error", () => {}).destroy();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, seen: () => seen, server };
}

describe("a host", () => {
  test("that cannot be connected to in time aborts the request", async () => {
    const asked: object[] = [];
    const open = (to: object) => {
      asked.push(to);
      return new Socket(); // Of which nothing is ever heard, as where a firewall drops everything.
    };
    const reach = createReach({ timeoutMs: 20, open });
    using attempt = reach.attempt("https://[2001:db8::1]/d1");
    expect(attempt.signal.aborted).toBe(false);
    await eventually("the signal aborts", () => attempt.signal.aborted, 2000);
    expect(asked).toEqual([{ host: "2001:db8::1", port: 443 }]);
  });

  test("that answers is spared further connections, until it answers no more", async () => {
    const { port, seen, server } = await listening();
    const reach = createReach({ timeoutMs: 1000 });
    const url = `http://127.0.0.1:${port}/`;
    const ask = (answers: boolean) => {
      using attempt = reach.attempt(url);
      if (answers) attempt.reached();
      return attempt.signal;
    };
    const first = reach.attempt(url);
    await eventually("one connection", () => seen() === 1);
    first.reached();
    first[Symbol.dispose]();
    for (const answers of [true, true, false]) ask(answers);
    using last = reach.attempt(url);
    await eventually("another connection", () => seen() === 2);
    expect(last.signal.aborted).toBe(false);
    server.close();
  });

  test("that refuses is left to the request itself, which says why in its own words", async () => {
    const { port, server } = await listening();
    server.close();
    const reach = createReach({ timeoutMs: 20 });
    using attempt = reach.attempt(`http://127.0.0.1:${port}/`);
    const refused = await fetch(`http://127.0.0.1:${port}/`, {
      signal: attempt.signal,
    }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "ECONNREFUSED" });
  });
});
