import { describe, expect, test } from "bun:test";
import { requestHeaders, responseHeaders } from "./headers.ts";

describe("requestHeaders()", () => {
  const replaced = { host: "127.0.0.1:9090", "x-mark": "me" };
  test("passes on what the scraper negotiates and how it authenticates, in our Host's name", () => {
    const headers = new Headers({
      host: "pod:19090",
      accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3",
      "accept-encoding": "gzip",
      authorization: "Bearer t",
      "user-agent": "Prometheus/3.5.0",
      "x-prometheus-scrape-timeout-seconds": "10",
    });
    expect(Object.fromEntries(requestHeaders(headers, replaced))).toEqual({
      accept: "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3",
      "accept-encoding": "gzip",
      authorization: "Bearer t",
      host: "127.0.0.1:9090",
      "user-agent": "Prometheus/3.5.0",
      "x-mark": "me",
      "x-prometheus-scrape-timeout-seconds": "10",
    });
  });

  test("drops what belongs to the connection, named by RFC 9110 or by Connection itself", () => {
    const headers = new Headers({
      connection: "close, X-Hop, not a name",
      "x-hop": "1",
      te: "trailers",
      upgrade: "h2c",
      "x-end": "2",
    });
    const sent = requestHeaders(headers, {});
    expect([...sent.keys()].sort()).toEqual(["accept-encoding", "user-agent", "x-end"]);
  });

  test("asks plainly where the scraper names no encoding, and in nobody's name where it has none", () => {
    const sent = requestHeaders(new Headers(), {});
    expect([sent.get("accept-encoding"), sent.get("user-agent")]).toEqual(["identity", ""]);
  });
});

test.each([
  [false, ["content-type", "set-cookie", "set-cookie", "x-a"]],
  [true, ["content-length", "content-type", "set-cookie", "set-cookie", "x-a"]],
])(
  "responseHeaders() keeps all but the connection's own; the length after a HEAD (%p)",
  (isHead, names) => {
    const headers = new Headers({
      "content-type": "text/plain",
      "content-length": "5",
      "x-a": "1",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
    });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    expect([...responseHeaders(headers, isHead)].map(([name]) => name).sort()).toEqual(names);
  },
);
