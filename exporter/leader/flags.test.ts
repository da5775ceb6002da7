import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, readConfig } from "../../shared/config.ts";
import { checkLeaderFlags, createIdentity, leaderFlags, locateLease } from "./flags.ts";

const definition = {
  name: "exporter",
  prefix: "EXPORTER",
  about: "",
  flags: leaderFlags,
  check: checkLeaderFlags,
};

function read(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const line = readConfig(definition, { argv, env, readFile: () => "" });
  if (line.kind !== "config") throw new Error(line.kind);
  return line.values;
}

function problems(...argv: string[]): readonly string[] {
  try {
    read(argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

let serviceAccount: string;

beforeAll(() => {
  serviceAccount = mkdtempSync(join(tmpdir(), "service-account-"));
  writeFileSync(join(serviceAccount, "namespace"), "monitoring");
});
afterAll(() => rmSync(serviceAccount, { recursive: true }));

describe("the flags", () => {
  test("are off by default, with the durations of Kubernetes' own components", () => {
    expect(read([])).toEqual({
      leaderElect: "false",
      leaseName: "lb-exporter",
      leaseNamespace: "",
      leaseDuration: 15_000,
      renewDeadline: 10_000,
      retryPeriod: 2000,
      kubeconfig: "",
    });
    expect(problems("--leader-elect")).toEqual([]);
  });

  test("are read bare, with a value, and under EXPORTER_", () => {
    expect(read(["--leader-elect"]).leaderElect).toBe("true");
    expect(read(["--leader-elect=false"]).leaderElect).toBe("false");
    expect(read([], { EXPORTER_LEADER_ELECT: "true" }).leaderElect).toBe("true");
  });

  test.each<[string, string[], string]>([
    [
      "a lease duration that is not above the renew deadline",
      ["--leader-elect-lease-duration=10s"],
      '--leader-elect-lease-duration "10s": must be more than the --leader-elect-renew-deadline of 10s',
    ],
    [
      "a renew deadline that leaves no time for a second attempt",
      ["--leader-elect-renew-deadline=2400ms"],
      '--leader-elect-renew-deadline "2400ms": must be more than 1.2 times the --leader-elect-retry-period of 2s',
    ],
    [
      "a lease duration that a Lease cannot hold",
      ["--leader-elect-lease-duration=15500ms"],
      '--leader-elect-lease-duration "15500ms": must be whole seconds, as a Lease holds it',
    ],
  ])("refuse %s, if anybody is to be elected", (_name, argv, problem) => {
    expect(problems("--leader-elect", ...argv)).toEqual([problem]);
    expect(problems(...argv)).toEqual([]);
  });

  test.each(["", "Lb", "-a", "a-", "a..b", "a_b", "a/b", "a".repeat(254)])(
    "refuse the name %p",
    (name) => expect(problems(`--leader-elect-resource-name=${name}`)).toHaveLength(1),
  );

  test.each(["A", "a.b", "a/b", "a".repeat(64)])("refuse the namespace %p", (name) => {
    expect(problems(`--leader-elect-resource-namespace=${name}`)).toHaveLength(1);
  });
});

describe("locateLease()", () => {
  const inCluster = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  const on = (...argv: string[]) => read(["--leader-elect", ...argv]);

  test("is off where nobody is to be elected, also outside a cluster", () => {
    expect(locateLease(read([]), { env: {} })).toEqual({ kind: "off" });
  });

  test("finds the pod's own namespace", () => {
    const where = locateLease(on(), { env: inCluster, serviceAccount });
    expect(where).toEqual({ kind: "lease", namespace: "monitoring", name: "lb-exporter" });
  });

  test("takes the one that is given", () => {
    const values = on("--leader-elect-resource-namespace=x", "--leader-elect-resource-name=y");
    const where = locateLease(values, { env: inCluster, serviceAccount });
    expect(where).toEqual({ kind: "lease", namespace: "x", name: "y" });
  });

  test("says what to do outside a cluster", () => {
    const where = locateLease(on(), { env: {}, serviceAccount: "/none" });
    expect(where).toEqual({
      kind: "problems",
      problems: [
        expect.stringMatching(/^--leader-elect: .* give --kubeconfig/),
        expect.stringMatching(/^--leader-elect-resource-namespace: is needed/),
      ],
    });
  });

  test("needs a namespace beside a kubeconfig", () => {
    const place = { env: {}, serviceAccount: "/none" };
    expect(locateLease(on("--kubeconfig=k"), place).kind).toBe("problems");
    const given = on("--kubeconfig=k", "--leader-elect-resource-namespace=x");
    expect(locateLease(given, place)).toMatchObject({ kind: "lease", namespace: "x" });
  });
});

test("createIdentity() is the pod's name and something that no other process has", () => {
  expect(createIdentity("exporter-0", () => "u")).toBe("exporter-0_u");
  expect(createIdentity("exporter-0")).not.toBe(createIdentity("exporter-0"));
});
