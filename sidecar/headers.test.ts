import { describe, expect, test } from "bun:test";
import { headerOf, requestBlock, responseBlock } from "./headers.ts";

describe("requestBlock()", () => {
  const replaced = { host: "127.0.0.1:9090", via: "1.1 me" };
  test("passes on what the scraper negotiates and how it authenticates, in our Host's name", () => {
    const headers = new Headers({
      host: "pod:19090",
      accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3",
      authorization: "Bearer t",
      "user-agent": "Prometheus/3.5.0",
      "x-prometheus-scrape-timeout-seconds": "10",
    });
    const lines = requestBlock(headers, replaced).trimEnd().split("\r\n").sort();
    expect(lines).toEqual([
      "accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3",
      "authorization: Bearer t",
      "host: 127.0.0.1:9090",
      "user-agent: Prometheus/3.5.0",
      "via: 1.1 me",
      "x-prometheus-scrape-timeout-seconds: 10",
    ]);
  });
  test("drops what belongs to the connection, named by RFC 9110 or by Connection itself", () => {
    const headers = new Headers({
      connection: "close, X-Hop",
      "x-hop": "1",
      te: "trailers",
      upgrade: "h2c",
      "x-end": "2",
    });
    expect(requestBlock(headers, {})).toBe("x-end: 2\r\n");
  });
});

describe("responseBlock()", () => {
  test("keeps order and spelling, and leaves the length to whoever sends the body", () => {
    const lines = [
      "Content-Type: text/plain",
      "content-length: 5",
      "X-A: 1",
      "Keep-Alive: timeout=5",
    ];
    expect(responseBlock(lines, "keep-alive")).toBe("Content-Type: text/plain\r\nX-A: 1\r\n");
  });
});

test("headerOf() finds a header in a block without regard to case", () => {
  expect(headerOf("Content-Type: text/plain; a=b\r\nX: 1\r\n", "content-type")).toBe(
    "text/plain; a=b",
  );
  expect(headerOf("X: 1\r\n", "content-type")).toBeUndefined();
});
