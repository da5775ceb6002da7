import { describe, expect, test } from "bun:test";
import { ConfigError, readConfig } from "../shared/config.ts";
import { definition } from "./config.ts";

const ENV = { CLOUD_ID: "a@example.com", CLOUD_PASSWORD: " p ", CLOUD_ZONE: "DX-G-YS" };

function read(argv: readonly string[], env: Readonly<Record<string, string>> = ENV) {
  const line = readConfig(definition, { argv, env, readFile: () => "from a file\n" });
  if (line.kind !== "config") throw new Error(line.kind);
  return line.values;
}

function problems(argv: readonly string[], env: Readonly<Record<string, string>> = ENV) {
  try {
    read(argv, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("the configuration", () => {
  test("needs nothing but the three variables of the original", () => {
    const { collectDeadline, ...values } = read([]);
    expect(collectDeadline(60_000)).toBe(54_000);
    expect(values).toEqual({
      zone: "DX-G-YS",
      account: "a@example.com",
      password: " p ",
      apiUrl: "https://api.ucloudbiz.olleh.com",
      collectInterval: 60_000,
      collectTimeout: 10_000,
      collectConcurrency: 4,
      connectTimeout: 3000,
      startJitter: 1000,
      configFile: "",
      configCheck: "false",
      envFile: ".env",
      lbInclude: [],
      lbExclude: [],
      dialect: "auto",
      spacing: 0,
      webConfigFile: "",
      leaderElect: "false",
      leaseName: "lb-exporter",
      leaseNamespace: "",
      leaseDuration: 15_000,
      renewDeadline: 10_000,
      retryPeriod: 2000,
      kubeconfig: "",
      maxAge: 300_000,
      listenAddress: { host: "::", port: 9105 },
      telemetryPath: "/metrics",
      logLevel: "info",
      logFormat: "text",
    });
  });

  test("takes secrets from files, and the zone from a flag", () => {
    const { CLOUD_ID } = ENV;
    const env = { CLOUD_ID, CLOUD_PASSWORD_FILE: "/run/secret" };
    expect(read(["--cloud.zone", "DX-M1"], env)).toMatchObject({
      zone: "DX-M1",
      password: "from a file",
    });
  });

  test("reads its other variables under EXPORTER_", () => {
    const env = { ...ENV, EXPORTER_COLLECT_INTERVAL: "30s", EXPORTER_WEB_TELEMETRY_PATH: "/m" };
    expect(read([], env)).toMatchObject({ collectInterval: 30_000, telemetryPath: "/m" });
  });

  test("lists the five zones for an unknown one, which are compared to the letter", () => {
    expect(problems([], { ...ENV, CLOUD_ZONE: "dx-m1" })).toEqual([
      'CLOUD_ZONE "dx-m1": must be one of DX-M1, DX-Central, DX-DCN-CJ, DX-G, DX-G-YS',
    ]);
  });

  test("refuses a maximum age below the interval", () => {
    expect(problems(["--collect.interval", "10m"])).toEqual([
      '--staleness.max-age "5m": must be at least the --collect.interval of 10m',
    ]);
  });

  test.each([
    ["50s", 50_000],
    ["50%", 30_000],
    ["100%", 60_000],
  ])("takes %s for the deadline of a collection", (text, expected) => {
    expect(read(["--collect.deadline", text]).collectDeadline(60_000)).toBe(expected);
  });

  test.each(["5%", "101%", "50", "x"])("refuses %s for it", (text) => {
    expect(problems(["--collect.deadline", text])).toHaveLength(1);
  });

  test.each(["/", "metrics", "/healthz", "/-/metrics", "/a b", "/x?y", "/./m", "/a/../m", "//m"])(
    "refuses the telemetry path %s",
    (path) => {
      expect(problems(["--web.telemetry-path", path])).toHaveLength(1);
    },
  );

  test("refuses to have no listener, a port too high and a URL with a password", () => {
    expect(problems(["--web.listen-address", "0"])).toHaveLength(1);
    expect(problems(["--web.listen-address", ":70000"])).toHaveLength(1);
    expect(problems(["--api.url", "http://me:secret@cloud/"])).toHaveLength(1);
  });

  test("has no flag for the password", () => {
    expect(problems(["--cloud.password", "x"])[0]).toBe("--cloud.password: unknown flag");
  });
});
