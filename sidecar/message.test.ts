import { describe, expect, test } from "bun:test";
import { MAX_HEAD_BYTES, parseHead, renderHead } from "./message.ts";

const parse = (text: string) => parseHead(Buffer.from(text, "latin1"));

describe("parseHead()", () => {
  test("reads what a scraper sends, and where its head ends", () => {
    const head =
      "GET /metrics?x=a%20b HTTP/1.1\r\nHost: pod:19090\r\nUser-Agent: Prometheus/3.5.0\r\nAccept-Encoding:gzip \r\n\r\n";
    const parsed = parse(`${head}GET /next`);
    if (parsed.kind !== "head") throw new TypeError("Expected a head");
    expect(parsed.head).toMatchObject({
      method: "GET",
      target: "/metrics?x=a%20b",
      keepAlive: true,
      http10: false,
      length: head.length,
    });
    expect(parsed.head.headers.get("accept-encoding")).toBe("gzip");
  });

  test.each([
    ["HTTP/1.1", "", true],
    ["HTTP/1.1", "Connection: close\r\n", false],
    ["HTTP/1.1", "Connection: foo, CLOSE\r\n", false],
    ["HTTP/1.0", "", false],
    ["HTTP/1.0", "Connection: keep-alive\r\n", true],
  ])("%s with %p keeps the connection: %p", (version, header, keepAlive) => {
    const parsed = parse(`GET / ${version}\r\nHost: a\r\n${header}\r\n`);
    expect(parsed).toMatchObject({ kind: "head", head: { keepAlive } });
  });

  test("waits for the blank line", () => {
    expect(parse("GET / HTTP/1.1\r\nHost: a\r\n")).toEqual({ kind: "incomplete" });
    expect(parse("")).toEqual({ kind: "incomplete" });
  });

  test.each([
    ["an absolute target", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400],
    ["no request at all", "\r\n\r\n", 400],
    ["TLS where none is spoken", "\u0016\u0003\u0001\u0002\u0000\r\n\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["a folded header", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400],
    ["a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    ["a bare line feed in a value", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400],
    ["a NUL", "GET / HTTP/1.1\r\nHost: a\u0000\r\n\r\n", 400],
    [
      "a body by length",
      "POST /-/flush HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      413,
    ],
    [
      "a body in chunks",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      413,
    ],
    ["a head without end", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(MAX_HEAD_BYTES)}`, 431],
    [
      "a head that is too large",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(MAX_HEAD_BYTES)}\r\n\r\n`,
      431,
    ],
  ])("refuses %s", (_name, text, status) => {
    expect(parse(text)).toMatchObject({ kind: "faulty", status });
  });

  test("reads a value of nothing but blanks in no time to speak of", () => {
    const line = `X: a${" ".repeat(16_000)}b`;
    // A pattern that backtracks would not end in time.
    for (let i = 0; i < 2000; i++) {
      expect(parse(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`).kind).toBe("head");
    }
  });

  test("takes a POST that says it has no body", () => {
    expect(parse("POST /-/flush HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").kind).toBe(
      "head",
    );
  });
});

describe("renderHead()", () => {
  const answer = { status: 200, statusText: "OK", headers: "Content-Type: text/plain\r\n" };
  test.each([
    [{ kind: "length", bytes: 5 }, true, "Content-Length: 5\r\n"],
    [{ kind: "chunked" }, true, "Transfer-Encoding: chunked\r\n"],
    [{ kind: "close" }, false, "Connection: close\r\n"],
    [{ kind: "length", bytes: 5 }, false, "Content-Length: 5\r\nConnection: close\r\n"],
    [{ kind: "none" }, true, ""],
  ] as const)("delimits %p, keep-alive %p, by %p", (framing, keepAlive, lines) => {
    expect(renderHead(answer, framing, keepAlive)).toBe(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${lines}\r\n`,
    );
  });
  test("answers a HEAD with the length of the body that does not come", () => {
    expect(renderHead({ ...answer, length: 7 }, { kind: "none" }, true)).toContain(
      "Content-Length: 7\r\n",
    );
  });
});
