import { describe, expect, test } from "bun:test";
import { type BodyKind, createDecoder, parseAnswerHead } from "./wire.ts";

const parse = (text: string, method: "GET" | "HEAD" = "GET") =>
  parseAnswerHead(Buffer.from(text, "latin1"), method);

describe("parseAnswerHead()", () => {
  test("hands headers on as they are, but for what belongs to the connection", () => {
    const text =
      "HTTP/1.1 200 Fine\r\nContent-Type: text/plain; version=0.0.4\r\nCONTENT-ENCODING: gzip\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 12\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n";
    expect(parse(`${text}body`)).toEqual({
      status: 200,
      statusText: "Fine",
      headers:
        "Content-Type: text/plain; version=0.0.4\r\nCONTENT-ENCODING: gzip\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
      body: { kind: "length", bytes: 12 },
      length: 12,
      keepAlive: true,
      size: text.length,
    });
  });

  test.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", { kind: "length", bytes: 3 }, true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", { kind: "none" }, true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", { kind: "none" }, true],
    ["HTTP/1.1 204 No Content\r\n\r\n", "GET", { kind: "none" }, true],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", "GET", { kind: "chunked" }, true],
    ["HTTP/1.1 200\r\n\r\n", "GET", { kind: "close" }, false],
    [
      "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 3\r\n\r\n",
      "GET",
      { kind: "length", bytes: 3 },
      false,
    ],
    ["HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", { kind: "length", bytes: 3 }, false],
  ] as const)(
    "%p to %s has the body %p and keeps the connection: %p",
    (text, method, body, keepAlive) => {
      expect(parse(text, method)).toMatchObject({ body, keepAlive });
    },
  );

  test("waits for the blank line", () => {
    expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n")).toBeUndefined();
  });

  test.each([
    "SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
    `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`,
  ])("refuses %p", (text) => {
    expect(() => parse(text)).toThrow();
  });
});

/** Feeds a text in pieces of every size and gives what came out, with whether it was whole. */
function decodeInPieces(kind: BodyKind, text: string) {
  const results = new Set<string>();
  for (let size = 1; size <= text.length; size++) {
    const decoder = createDecoder(kind);
    let body = "";
    let whole = false;
    for (let at = 0; at < text.length && !whole; at += size) {
      const { chunks, done } = decoder.push(Buffer.from(text.slice(at, at + size), "latin1"));
      body += Buffer.concat(chunks).toString("latin1");
      whole = done;
    }
    results.add(JSON.stringify([body, whole]));
  }
  return [...results].map((result) => JSON.parse(result) as [string, boolean]);
}

describe("createDecoder()", () => {
  test.each([
    [{ kind: "length", bytes: 5 }, "hello", "hello", true],
    [{ kind: "length", bytes: 6 }, "hello", "hello", false],
    [
      { kind: "chunked" },
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
      "hello world",
      true,
    ],
    [{ kind: "chunked" }, "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", true],
    [{ kind: "chunked" }, "5\r\nhello\r\n", "hello", false],
    [{ kind: "close" }, "until the end", "until the end", false],
  ] as const)("reads %p from %p, however it is cut up", (kind, text, body, whole) => {
    expect(decodeInPieces(kind, text)).toEqual([[body, whole]]);
  });

  test("refuses a chunk without a size", () => {
    expect(() => createDecoder({ kind: "chunked" }).push(Buffer.from("x\r\n"))).toThrow("no size");
  });

  test("knows which body the end of the connection ends", () => {
    expect(createDecoder({ kind: "close" }).endsWithConnection).toBe(true);
    expect(createDecoder({ kind: "chunked" }).endsWithConnection).toBe(false);
  });
});
