import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../package.json" with { type: "json" };
import { ConfigError, readConfig } from "../shared/config.ts";
import { createCertificate } from "../shared/testing/certificate.ts";
import { definition, type WebhookConfig } from "./config.ts";

const certDir = mkdtempSync(join(tmpdir(), "config-"));

beforeAll(async () => {
  const { cert, key } = await createCertificate();
  writeFileSync(join(certDir, "tls.crt"), cert);
  writeFileSync(join(certDir, "tls.key"), key);
});
afterAll(() => rmSync(certDir, { recursive: true }));

function read(...argv: string[]): WebhookConfig {
  const env = { WEBHOOK_CERT_DIR: certDir };
  const line = readConfig(definition, { argv, env, readFile: () => "" });
  if (line.kind !== "config") throw new TypeError(`Expected a configuration, not ${line.kind}`);
  return line.values;
}

function problems(...argv: string[]): readonly string[] {
  try {
    read(...argv);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("the webhook's flags", () => {
  test("have the defaults of controller-runtime and of the original", () => {
    expect(read()).toEqual({
      host: "::",
      port: 9443,
      certDir,
      metricsBindAddress: { host: "::", port: 8080 },
      healthProbeBindAddress: { host: "::", port: 8081 },
      shutdownDelayMs: 5000,
      selfSigned: "false",
      namespace: "",
      serviceName: "prometheus-metrics-proxy-hook",
      certificateSecret: "prometheus-metrics-proxy-hook-self-signed",
      webhookConfiguration: "prometheus-metrics-proxy-hook",
      kubeconfig: "",
      lookUpServices: "false",
      nativeSidecars: "false",
      onInvalid: "deny",
      excludedNamespaces: ["kube-system"],
      scrapeIntervalSeconds: 60,
      maxGracePeriodSeconds: 300,
      sidecarImage: `prometheus-metrics-proxy:${version}`,
      sidecarImagePullPolicy: "",
      sidecarCpuRequest: "10m",
      sidecarCpuLimit: "",
      sidecarMemoryRequest: "32Mi",
      sidecarMemoryLimit: "128Mi",
      sidecarLogLevel: "info",
      sidecarRunAsUser: 65_532,
      sidecarReportUrl: "",
      logLevel: "info",
      logFormat: "text",
    });
  });
  test("take the original's spellings", () => {
    expect(read("--certDir", certDir, "--enable-sidecar-containers").nativeSidecars).toBe("true");
    expect(read("--enable-sidecar-containers=auto").nativeSidecars).toBe("auto");
    expect(read("--enable-sidecar-containers=false").nativeSidecars).toBe("false");
    expect(problems("--enable-sidecar-containers=yes")).toEqual([
      '--enable-sidecar-containers "yes": must be one of auto, true, false',
    ]);
  });
  test("turn listeners off by 0", () => {
    const { metricsBindAddress, healthProbeBindAddress } = read(
      "--metrics-bind-address=0",
      "--health-probe-bind-address=0",
    );
    expect([metricsBindAddress, healthProbeBindAddress]).toEqual([null, null]);
  });
  test.each([
    ["[::1]", "::1"],
    ["0.0.0.0", "0.0.0.0"],
    ["localhost", "localhost"],
  ])("take the host %p", (text, host) => {
    expect(read("--host", text).host).toBe(host);
  });
  test.each(["", "a b", "http://x", "127.0.0.1:9443"])("refuse the host %p", (text) => {
    expect(problems(`--host=${text}`)).toHaveLength(1);
  });
  test.each([
    "proxy",
    "prometheus-metrics-proxy:0.1.0",
    "registry.cloud.kt.com/team/prometheus-metrics-proxy:v1.2.3",
    "localhost:5000/proxy",
    `ghcr.io/a/b__c@sha256:${"0".repeat(64)}`,
    `a/b:1@sha256:${"f".repeat(64)}`,
  ])("take the image %p", (image) => {
    expect(read("--sidecar-image", image).sidecarImage).toBe(image);
  });
  test.each(["", "Proxy", "a b", "a:", ":1", "a@sha256:12", "https://a/b", "a/", "-a"])(
    "refuse the image %p",
    (image) => {
      expect(problems(`--sidecar-image=${image}`)).toHaveLength(1);
    },
  );
  test.each([
    [["--metrics-bind-address=:8081"], "--metrics-bind-address and --health-probe-bind-address"],
    [["--port=8080"], "--port and --metrics-bind-address"],
    [["--host=0.0.0.0", "--port=8081"], "--port and --health-probe-bind-address"],
    [["--host=127.0.0.1", "--metrics-bind-address=127.0.0.1:9443"], "--port and --metrics-bind"],
  ])("refuse one port for two listeners: %p", (argv, flags) => {
    expect(problems(...argv)).toEqual([expect.stringContaining(flags)]);
  });
  test.each([
    [["--host=127.0.0.1", "--metrics-bind-address=127.0.0.2:9443"]],
    [["--host=0.0.0.0", "--metrics-bind-address=[::1]:9443"]],
    [["--port=0", "--metrics-bind-address=:0", "--health-probe-bind-address=:0"]],
  ])("take one port at two addresses, and free ones: %p", (argv) => {
    expect(problems(...argv)).toEqual([]);
  });
  test.each<[string, string]>([
    ["--sidecar-run-as-user=0", "must be a user's number from 1 to 2147483647, or none"],
    ["--sidecar-run-as-user=root", "must be a user's number"],
    ["--sidecar-cpu-request=", "must be a positive quantity"],
    ["--sidecar-memory-limit=64MB", "must be a quantity of at least 4Mi"],
    ["--sidecar-image-pull-policy=always", "must be Always, IfNotPresent or Never"],
    ["--excluded-namespaces=a,B", "must be names of namespaces"],
    ["--scrape-interval-seconds=15s", "must be a whole number from 1 to 3600"],
    ["--on-invalid=ignore", "must be one of deny, warn"],
    ["--sidecar-report-url=ftp://x", "must be an http:// or https:// URL"],
    ["--service-name=A", "must be a name of lower-case letters"],
    ["--sidecar-cpu-limit=5m", 'must be at most --sidecar-cpu-limit, which is "5m"'],
    ["--sidecar-memory-request=1Gi", 'must be at most --sidecar-memory-limit, which is "128Mi"'],
  ])("refuse %s", (argument, text) => {
    expect(problems(argument)).toEqual([expect.stringContaining(text)]);
  });
  test("take what turns something off", () => {
    const off = read("--sidecar-run-as-user=none", "--excluded-namespaces=");
    expect([off.sidecarRunAsUser, off.excludedNamespaces]).toEqual([null, []]);
  });
  test("need no certificate where the webhook makes its own", () => {
    expect(problems("--self-signed", "--cert-dir=/none")).toEqual([]);
  });
  test("are reported together with what is wrong with the certificate", () => {
    expect(problems("--port=abc", "--cert-dir=/none")).toEqual([
      '--port "abc": must be a whole number from 0 to 65535',
      expect.stringContaining("/none: cannot be opened"),
    ]);
  });
});
