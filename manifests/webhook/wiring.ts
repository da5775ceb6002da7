/** What holds for the webhook however it was put together: ports, paths, names, network, what it may hold up. */
import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { version } from "../../package.json" with { type: "json" };
import { createMetricsApp, createWebhookApp } from "../../webhook/app.ts";
import { createPolicy } from "../../webhook/policy.ts";
import { imageParts, type Rendered } from "../render.ts";
import { configOf, settingsOf } from "./settings.ts";

export interface Expected {
  readonly failurePolicy?: "Ignore" | "Fail";
}

export function checkWiring(rendered: Rendered, { failurePolicy = "Ignore" }: Expected = {}): void {
  const container = rendered.container();
  const [hook, ...others] = rendered.one("MutatingWebhookConfiguration").webhooks ?? [];
  const service = rendered.one("Service");
  const namespace = service.metadata?.namespace ?? "";

  test("gives values that the webhook accepts, and declares the ports that they set", () => {
    const config = settingsOf(rendered);
    expect(container.ports).toEqual([
      { name: "webhook", containerPort: config.port, protocol: "TCP" },
      { name: "metrics", containerPort: config.metricsBindAddress?.port ?? 0, protocol: "TCP" },
      { name: "health", containerPort: config.healthProbeBindAddress?.port ?? 0, protocol: "TCP" },
    ]);
    // The webhook writes the sidecar's flags, so both are of one version.
    const { tag } = imageParts(container.image);
    expect([version, `v${version}`]).toContain(tag);
    expect(imageParts(config.sidecarImage)).toEqual({ name: "prometheus-metrics-proxy", tag });
    const mounted = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    expect(mounted).toEqual(config.selfSigned === "true" ? [] : [config.certDir]);
    for (const probe of [container.livenessProbe, container.readinessProbe]) {
      expect(probe?.httpGet?.port).toBe("health");
    }
  });

  test("keeps two that answer in a rollout, and ends each within its grace period", () => {
    const { strategy, template } = rendered.one("Deployment").spec ?? {};
    expect(strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    // The delay while endpoints are taken off, then 15 s for what is in flight (webhook/listeners.ts).
    const neededSeconds = settingsOf(rendered).shutdownDelayMs / 1000 + 15;
    const { terminationGracePeriodSeconds = 0 } = template?.spec ?? {};
    expect(terminationGracePeriodSeconds).toBeGreaterThan(neededSeconds);
  });

  test("is all in one namespace, which is the webhook's own", () => {
    const namespaces = rendered.objects.flatMap((one) => one.metadata.namespace ?? []);
    expect(new Set(namespaces)).toEqual(new Set([namespace]));
    expect(rendered.all("Namespace").map(({ metadata }) => metadata.name)).toEqual([namespace]);
    expect(settingsOf(rendered).namespace).toBe(namespace);
    const bindings = [...rendered.all("RoleBinding"), ...rendered.all("ClusterRoleBinding")];
    for (const binding of bindings) expect(binding).toMatchObject({ subjects: [{ namespace }] });
  });

  test("sends reviews to the Service, at the path that the webhook answers", async () => {
    const { name, path, port, ...there } = hook?.clientConfig.service ?? {};
    expect({ name, ...there }).toEqual({ name: service.metadata?.name, namespace });
    expect(service.spec?.ports).toMatchObject([
      { port, targetPort: "webhook", appProtocol: "https" },
      { port: 8080, targetPort: "metrics", appProtocol: "http" },
    ]);
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const policy = createPolicy(configOf([]), { native: false, ownNamespace: "" });
    const options = { policy: () => policy, createToken: () => "", count() {}, log };
    const answer = await createWebhookApp(options).request(path ?? "", { method: "POST" });
    expect(answer.status).toBe(400); // Neither 404 nor 405: only the review is missing.
  });

  test("has the sidecars report to its own Service, at the path that takes reports", async () => {
    const url = new URL(settingsOf(rendered).sidecarReportUrl);
    expect(url.host).toBe(`${service.metadata?.name}.${namespace}.svc:8080`);
    const app = createMetricsApp(new Registry(), () => true);
    const answer = await app.request(url.pathname, { method: "POST", body: "{}" });
    expect(answer.status).toBe(400); // Neither 404 nor 405: only the report is missing.
  });

  test("can hold up no pod that has not asked for the proxy, and none for long", () => {
    expect(others).toEqual([]);
    const key = "kubernetes.io/metadata.name";
    expect(hook).toMatchObject({
      admissionReviewVersions: ["v1"],
      failurePolicy,
      sideEffects: "None",
      reinvocationPolicy: "IfNeeded",
      timeoutSeconds: 5,
      matchConditions: [{ expression: expect.stringContaining("'prometheus.io/wait' in") }],
      namespaceSelector: {
        matchExpressions: [{ key, operator: "NotIn", values: ["kube-system", namespace] }],
      },
      rules: [
        { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] },
      ],
    });
  });

  test("lets in what the Service and the probes need, and out only what the webhook calls", () => {
    const ingress = [{ ports: container.ports?.map((one) => tcp(one.containerPort)) }];
    const egress = callsApi(rendered) ? { egress: [{ ports: [tcp(443), tcp(6443)] }] } : {};
    const podSelector = { matchLabels: rendered.workloads()[0]?.selector };
    const policyTypes = ["Ingress", "Egress"];
    const specs = rendered.all("NetworkPolicy").map<unknown>(({ spec }) => spec);
    expect(specs).toEqual([{ podSelector, policyTypes, ingress, ...egress }]);
  });

  test("has a token, and rights, only where the webhook calls the API", () => {
    const calls = callsApi(rendered);
    expect(rendered.workloads()[0]?.spec.automountServiceAccountToken).toBe(calls);
    expect(rendered.one("ServiceAccount").automountServiceAccountToken).toBe(calls);
    expect(rendered.all("ClusterRole").length > 0).toBe(calls);
  });
}

function tcp(port: number) {
  return { protocol: "TCP", port };
}

/** What the webhook's code asks the API server for. */
function callsApi(rendered: Rendered): boolean {
  const { selfSigned, lookUpServices, nativeSidecars } = settingsOf(rendered);
  return selfSigned === "true" || lookUpServices === "true" || nativeSidecars === "auto";
}
