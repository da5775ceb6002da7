import { describe, expect, test } from "bun:test";
import { createCertificate } from "../shared/testing/certificate.ts";
import { AnswerReader, Connection } from "./client.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
const COUNTED = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n";

describe("AnswerReader", () => {
  test("finds the end of an answer in whatever pieces it comes, and of the next one", () => {
    for (let at = 1; at < COUNTED.length; at++) {
      const reader = new AnswerReader();
      for (const _answer of [1, 2]) {
        expect(reader.takes(Buffer.from(COUNTED.slice(0, at)))).toBe(false);
        expect(reader.takes(Buffer.from(COUNTED.slice(at)))).toBe(true);
      }
    }
  });

  test("finds the end of a chunked answer at its last chunk", () => {
    const reader = new AnswerReader();
    const end = CHUNKED.indexOf("0\r\n\r\n", CHUNKED.indexOf("whole"));
    expect(reader.takes(Buffer.from(CHUNKED.slice(0, end)))).toBe(false);
    expect(reader.takes(Buffer.from(CHUNKED.slice(end)))).toBe(true);
  });

  test("takes only a 200 with the marker for an answer", () => {
    const answer = Buffer.from(COUNTED);
    expect(new AnswerReader("who").takes(answer)).toBe(true);
    expect(() => new AnswerReader("patch").takes(answer)).toThrow("without patch");
    const failed = Buffer.from(COUNTED.replace("200 OK", "500 Internal Server Error"));
    expect(() => new AnswerReader().takes(failed)).toThrow("Not a 200");
  });
});

describe("Connection", () => {
  test("verifies the server's certificate and knows which it was", async () => {
    const [right, other] = [await createCertificate(), await createCertificate()];
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: right.cert, key: right.key },
      fetch: () => new Response("whole"),
    });
    const port = server.port as number;
    const connection = await Connection.open({ port, ca: other.ca + right.ca });
    expect(connection.fingerprint).toMatch(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
    expect(await connection.ask(REQUEST)).toBeLessThanOrEqual(Bun.nanoseconds());
    connection.end();
    const refused = await Connection.open({ port, ca: other.ca }).catch(String);
    expect(refused).toContain("unable to verify");
  });

  test("is not usable once the server has said that it closes, and rejects where it just does", async () => {
    const answers = [COUNTED.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200"];
    using server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end(answers.shift() ?? "") },
    });
    const closing = await Connection.open({ port: server.port });
    await closing.ask(REQUEST);
    expect(closing.usable).toBe(false);
    const broken = await Connection.open({ port: server.port });
    expect(await broken.ask(REQUEST).catch(String)).toContain("closed");
    expect(broken.usable).toBe(false);
  });
});
