import { describe, expect, test } from "bun:test";
import { requestHeaders, responseHeaders } from "./headers.ts";

describe("requestHeaders()", () => {
  test("passes on what the scraper negotiates and how it authenticates", () => {
    const sent = {
      accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3",
      "accept-encoding": "gzip",
      authorization: "Bearer t",
      "user-agent": "Prometheus/3.5.0",
      "x-prometheus-scrape-timeout-seconds": "10",
    };
    expect(requestHeaders(new Headers({ ...sent, host: "pod:19090" })).toJSON()).toEqual(sent);
  });
  test("asks for a plain answer where the scraper names no encoding", () => {
    expect(requestHeaders(new Headers()).get("accept-encoding")).toBe("identity");
  });
  test("drops what belongs to the connection, named by RFC 9110 or by Connection itself", () => {
    const headers = new Headers({
      connection: "close, X-Hop, not a header name",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      te: "trailers",
      upgrade: "h2c",
      "x-end": "2",
    });
    expect(requestHeaders(headers).toJSON()).toEqual({
      "accept-encoding": "identity",
      "x-end": "2",
    });
  });
});

test("responseHeaders() keeps type, encoding and length to the letter", () => {
  const sent = {
    "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "content-encoding": "gzip",
    "content-length": "123",
    etag: '"x"',
  };
  const headers = new Headers({ ...sent, connection: "keep-alive", "keep-alive": "timeout=5" });
  expect(responseHeaders(headers).toJSON()).toEqual(sent);
});
