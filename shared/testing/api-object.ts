/** Objects of the API server for tests, and some that several tests begin with. */

/** An object as the API has it. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The webhook configuration as the manifests create it. */
export function createConfiguration(name: string): ApiObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name, labels: { by: "somebody" } },
    webhooks: [
      {
        name: "inject.prometheus-metrics-proxy-hook.svc",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        clientConfig: { service: { name: "hook", namespace: "hook", path: "/mutate" } },
      },
    ],
  };
}

/** Two Services of the namespace `shop`: one with everything, one with nothing. */
export function createServices(): readonly ApiObject[] {
  const ports = [
    { name: "web", port: 80, targetPort: "metrics", appProtocol: "http" },
    { port: 81, targetPort: 8080 },
  ];
  const spec = { type: "LoadBalancer", selector: { app: "shop" }, ports };
  return [
    { apiVersion: "v1", kind: "Service", metadata: { name: "shop", namespace: "shop" }, spec },
    { apiVersion: "v1", kind: "Service", metadata: { name: "nobody", namespace: "shop" } },
  ];
}
