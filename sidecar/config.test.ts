import { describe, expect, test } from "bun:test";
import { readConfig } from "../shared/config.ts";
import { defaultPath, definition, originalUrl } from "./config.ts";

function config(...argv: string[]) {
  const line = readConfig(definition, { argv, env: {}, readFile: () => "" });
  if (line.kind !== "config") throw new TypeError(`Expected a configuration, not ${line.kind}`);
  return line.values;
}

describe("the sidecar's configuration", () => {
  test("has the original's defaults", () => {
    expect(config()).toMatchObject({
      proxyPort: 19_090,
      originalPort: 9090,
      gracePeriodSeconds: 30,
      metricsPaths: ["/metrics"],
    });
  });
  test("refuses to ask itself", () => {
    expect(() => config("--proxy-port=9090")).toThrow("both are 9090");
    expect(config("--proxy-port=9090", "--original-host=192.0.2.1").proxyPort).toBe(9090);
  });
  test.each([
    ["127.0.0.1", "http://127.0.0.1:9090"],
    ["::1", "http://[::1]:9090"],
  ])("asks the application at %p under %p", (host, url) => {
    expect(originalUrl(config("--original-host", host))).toBe(url);
  });
  test.each(["metrics", "/-/metrics", "/a b", "/metrics?x=1", "/*", ""])(
    "refuses the path %p",
    (path) => {
      expect(() => config("--metrics-path", path)).toThrow("--metrics-path");
    },
  );
  test("captures the first path with the query", () => {
    expect(defaultPath(config())).toBe("/metrics");
    expect(defaultPath(config("--metrics-path=/a,/b", "--capture-query=x=1%202&y"))).toBe(
      "/a?x=1%202&y",
    );
  });
  test.each(["?a=b", "a=b#c", "a b", "a=ü", "a\r\nb"])("refuses the query %p", (query) => {
    expect(() => config(`--capture-query=${query}`)).toThrow("--capture-query");
  });
});
