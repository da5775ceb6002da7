import { describe, expect, test } from "bun:test";
import { CONNECTIONS, Pool } from "./pool.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";

/** Answers every request with an empty 200 with that head, and counts. */
function serve(head = "") {
  const counts = { connections: 0, requests: 0 };
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: () => void (counts.connections += 1),
      data: (socket) => {
        counts.requests += 1;
        socket.write(`${ANSWER}${head}\r\n`);
      },
    },
  });
  return { counts, port: server.port, [Symbol.dispose]: () => server.stop(true) };
}

describe("Pool", () => {
  test("answers more requests at once than it has connections, on these alone", async () => {
    using server = serve();
    const pool = await Pool.open({ port: server.port });
    await Promise.all(Array.from({ length: CONNECTIONS * 5 }, () => pool.ask(REQUEST)));
    expect(server.counts).toEqual({ connections: CONNECTIONS, requests: CONNECTIONS * 5 });
    pool.end();
  });

  test("connects anew in place of what the server closes after an answer", async () => {
    using server = serve("Connection: close\r\n");
    const pool = await Pool.open({ port: server.port });
    await Promise.all(Array.from({ length: CONNECTIONS * 2 }, () => pool.ask(REQUEST)));
    expect(server.counts).toEqual({ connections: CONNECTIONS * 2, requests: CONNECTIONS * 2 });
  });

  test("rejects each request once nothing listens any more, and lets none wait for ever", async () => {
    const server = serve("Connection: close\r\n");
    const pool = await Pool.open({ port: server.port });
    await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.ask(REQUEST)));
    server[Symbol.dispose]();
    const asked = Array.from({ length: CONNECTIONS * 2 }, () => pool.ask(REQUEST));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(CONNECTIONS * 2).fill("rejected"));
  });
});
