/** The webhook's manifests against its code: flags, ports, path, certificate, what it may hold up. */
import { describe, expect, test } from "bun:test";
import { Registry } from "prom-client";
import { version } from "../../package.json" with { type: "json" };
import { readConfig } from "../../shared/config.ts";
import { createMetricsApp, createWebhookApp } from "../../webhook/app.ts";
import { definition, type WebhookConfig } from "../../webhook/config.ts";
import { createPolicy } from "../../webhook/policy.ts";
import { imageParts, type Rendered, render } from "../render.ts";

function configOf(argv: readonly string[]): WebhookConfig {
  const { inspect: _, ...flagsOnly } = definition; // There is no certificate here.
  const line = readConfig(flagsOnly, { argv, env: {}, readFile: () => "" });
  if (line.kind !== "config") throw new TypeError(`Expected a configuration, not ${line.kind}`);
  return line.values;
}

const certManager = await render("webhook");
const base = await render("webhook/base");
const selfSigned = await render("webhook/self-signed");

describe("manifests/webhook", () => checkWiring(certManager));
describe("manifests/webhook/base", () => checkWiring(base));
describe("manifests/webhook/self-signed", () => checkWiring(selfSigned));
test("manifests/webhook/self-signed allows the API calls that are made there, and no others", () =>
  checkRights(selfSigned));
test("manifests/webhook has cert-manager make the Secret that is mounted, and the caBundle", () =>
  checkCertificate(certManager));

function checkWiring(rendered: Rendered): void {
  const container = rendered.container();
  const [hook, ...others] = rendered.one("MutatingWebhookConfiguration").webhooks ?? [];
  const service = rendered.one("Service");

  test("gives values that the webhook accepts, and declares the ports that they set", () => {
    const config = configOf(container.args ?? []);
    expect(container.ports).toEqual([
      { name: "webhook", containerPort: config.port },
      { name: "metrics", containerPort: config.metricsBindAddress?.port ?? 0 },
      { name: "health", containerPort: config.healthProbeBindAddress?.port ?? 0 },
    ]);
    const image = { name: "prometheus-metrics-proxy", tag: version };
    expect(imageParts(config.sidecarImage)).toEqual(image);
    const mounted = container.volumeMounts?.map(({ mountPath }) => mountPath);
    expect(mounted).toEqual(config.selfSigned === "true" ? undefined : [config.certDir]);
    for (const probe of [container.livenessProbe, container.readinessProbe]) {
      expect(probe?.httpGet?.port).toBe("health");
    }
  });

  test("sends reviews to the Service, at the path that the webhook answers", async () => {
    const { name, namespace, path, port } = hook?.clientConfig.service ?? {};
    expect(`${namespace}/${name}`).toBe(`${service.metadata?.namespace}/${service.metadata?.name}`);
    expect(service.spec?.ports).toMatchObject([
      { port, targetPort: "webhook" },
      { port: 8080, targetPort: "metrics" },
    ]);
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const policy = createPolicy(configOf([]), { native: false, ownNamespace: "" });
    const options = { policy: () => policy, createToken: () => "", count() {}, log };
    const answer = await createWebhookApp(options).request(path ?? "", { method: "POST" });
    expect(answer.status).toBe(400); // Neither 404 nor 405: only the review is missing.
  });

  test("has the sidecars report to its own Service, at the path that takes reports", async () => {
    const url = new URL(configOf(container.args ?? []).sidecarReportUrl);
    const { name, namespace } = service.metadata ?? {};
    expect(url.host).toBe(`${name}.${namespace}.svc:8080`);
    const app = createMetricsApp(new Registry(), () => true);
    const answer = await app.request(url.pathname, { method: "POST", body: "{}" });
    expect(answer.status).toBe(400); // Neither 404 nor 405: only the report is missing.
  });

  test("can hold up no pod that has not asked for the proxy, and none for long", () => {
    expect(others).toEqual([]);
    expect(hook).toMatchObject({
      admissionReviewVersions: ["v1"],
      failurePolicy: "Ignore",
      sideEffects: "None",
      reinvocationPolicy: "IfNeeded",
      timeoutSeconds: 5,
      matchConditions: [{ expression: expect.stringContaining("'prometheus.io/wait' in") }],
      namespaceSelector: {
        matchExpressions: [
          {
            key: "kubernetes.io/metadata.name",
            operator: "NotIn",
            values: ["kube-system", service.metadata?.namespace],
          },
        ],
      },
      rules: [
        { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] },
      ],
    });
  });
}

function checkCertificate(whole: Rendered): void {
  const { metadata, spec } = whole.one("Certificate");
  expect(whole.workloads().map((workload) => workload.spec.volumes)).toMatchObject([
    [{ secret: { secretName: spec.secretName } }],
  ]);
  expect(whole.one("MutatingWebhookConfiguration").metadata?.annotations).toEqual({
    "cert-manager.io/inject-ca-from": `${metadata.namespace}/${metadata.name}`,
  });
  // The name by which the API server asks for the certificate.
  const service = whole.one("Service").metadata;
  expect(spec.dnsNames).toContain(`${service?.name}.${service?.namespace}.svc`);
}

function checkRights(rendered: Rendered): void {
  const config = configOf(rendered.container().args ?? []);
  const secrets = { apiGroups: [""], resources: ["secrets"] };
  expect(rendered.one("Role")).toMatchObject({
    metadata: { namespace: rendered.one("Service").metadata?.namespace },
    rules: [
      { ...secrets, verbs: ["create"] },
      {
        ...secrets,
        resourceNames: [config.certificateSecret],
        verbs: ["get", "list", "watch", "update"],
      },
    ],
  });
  expect(rendered.one("ClusterRole").rules).toEqual([
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["mutatingwebhookconfigurations"],
      resourceNames: [config.webhookConfiguration],
      verbs: ["get", "list", "watch", "patch"],
    },
  ]);
  expect(config.serviceName).toBe(rendered.one("Service").metadata?.name ?? "");
}
