import { describe, expect, test } from "bun:test";
import { chooseEncoding, chooseFormat } from "./negotiate.ts";

describe("chooseFormat()", () => {
  test.each([
    [undefined, "text"],
    ["", "text"],
    ["*/*", "text"],
    ["text/plain", "text"],
    ["text/html,application/xhtml+xml", "text"],
    ["application/openmetrics-text", "openmetrics"],
    ["application/openmetrics-text; version=1.0.0", "openmetrics"],
    ["application/openmetrics-text; version=0.0.1, text/plain; q=0.9", "openmetrics"],
    ['application/openmetrics-text;version="1.0.0"', "openmetrics"],
    ["application/openmetrics-text; version=2.0.0, text/plain;q=0.5", "text"],
    ["application/openmetrics-text; q=0.3, text/plain; q=0.9", "text"],
    ["application/openmetrics-text; q=0", "text"],
    ["application/openmetrics-text; q=nonsense", "text"],
    ["application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.6", "text"],
  ] as const)("%p is %s", (accept, expected) => {
    expect(chooseFormat(accept)).toBe(expected);
  });
});

describe("chooseEncoding()", () => {
  test.each([
    [undefined, "identity"],
    ["", "identity"],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["deflate, gzip;q=0.5", "gzip"],
    ["gzip;q=1.0, *;q=0", "gzip"],
    ["*", "gzip"],
    ["gzip;q=0", "identity"],
    ["gzip;q=0, *", "identity"],
    ["gzip; q=0.0", "identity"],
    ["identity", "identity"],
    ["x-gzip-not", "identity"],
  ] as const)("%p is %s", (header, expected) => {
    expect(chooseEncoding(header)).toBe(expected);
  });
});
