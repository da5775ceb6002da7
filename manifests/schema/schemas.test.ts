/** What schemas refuse: values, unknown fields, fields and kinds that the oldest or the newest version has not. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { KubernetesObject } from "../render.ts";
import { checkSchemas } from "./schemas.ts";

// One run of the compiler, on a busy machine.
setDefaultTimeout(30_000);

const metadata = { name: "app" };

function deployment(container: object, spec: object = {}): object {
  const template = { metadata: {}, spec: { containers: [{ name: "app", ...container }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { selector: {}, template, ...spec },
  };
}

function custom(apiVersion: string, kind: string, spec: object): object {
  return { apiVersion, kind, metadata, spec };
}

const GOOD: readonly object[] = [
  deployment({
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    resources: { limits: { cpu: "1" } },
  }),
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata,
    webhooks: [
      {
        name: "a.b.svc",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        clientConfig: { url: "https://a" },
        matchConditions: [{ name: "a", expression: "true" }],
        rules: [{ apiGroups: [""], resources: ["pods"], scope: "Namespaced" }],
      },
    ],
  },
  custom("cert-manager.io/v1", "Issuer", { selfSigned: {} }),
  custom("monitoring.coreos.com/v1", "PrometheusRule", {
    groups: [{ name: "a", rules: [{ expr: "1" }] }],
  }),
  custom("argoproj.io/v1alpha1", "Application", { project: "a", destination: {}, sources: [] }),
  custom("external-secrets.io/v1", "ExternalSecret", { target: { name: "a" }, data: [] }),
  custom("security.istio.io/v1", "PeerAuthentication", { mtls: { mode: "STRICT" } }),
];

/** Each with a part of the line that says what is wrong. */
const BAD: readonly (readonly [object, string])[] = [
  [
    deployment({}, { replica: 2 }),
    "spec.replica is 2; allowed in Kubernetes 1.36: a field of DeploymentSpec, such as replicas",
  ],
  [
    deployment({ securtyContext: {} }),
    "spec.template.spec.containers[0].securtyContext is {}; allowed in Kubernetes 1.30: a field of Container, such as securityContext",
  ],
  [
    deployment({ lifecycle: { stopSignal: "SIGTERM" } }),
    'spec.template.spec.containers[0].lifecycle.stopSignal is "SIGTERM"; allowed in Kubernetes 1.30: a field of Lifecycle',
  ],
  [deployment({}, { replicas: "two" }), 'spec.replicas is "two"; allowed: type'],
  [
    deployment({ imagePullPolicy: "Sometimes" }),
    'spec.template.spec.containers.0.imagePullPolicy is "Sometimes"; allowed: enum',
  ],
  [deployment({ image: null, name: undefined }), "spec.template.spec.containers.0 is"],
  [custom("policy/v1beta1", "PodDisruptionBudget", {}), "allowed in Kubernetes 1.30"],
  [
    custom("apps/v1", "Deploymint", {}),
    'kind is "Deploymint" of "apps/v1"; allowed: a kind with a schema in Kubernetes 1.36',
  ],
  [
    custom("example.com/v1", "Thing", {}),
    'kind is "Thing" of "example.com/v1"; allowed: a kind with a schema',
  ],
  [
    custom("cert-manager.io/v1", "Certificat", {}),
    "allowed: a kind with a schema in @kubernetes-models/cert-manager",
  ],
  [
    custom("cert-manager.io/v1", "Certificate", {
      secretName: "a",
      issuerRef: { name: "a" },
      privatKey: {},
    }),
    "spec.privatKey is {}",
  ],
  [
    custom("monitoring.coreos.com/v1", "PodMonitor", {
      selector: {},
      podMetricsEndpoints: [{ prt: "a" }],
    }),
    'spec.podMetricsEndpoints[0].prt is "a"',
  ],
  [custom("argoproj.io/v1alpha1", "AppProject", { destinatons: [] }), "spec.destinatons is []"],
  [
    custom("external-secrets.io/v1", "ExternalSecret", {
      data: [{ secretKey: "a", remoteRef: {} }],
    }),
    "key",
  ],
  [
    custom("networking.istio.io/v1", "DestinationRule", { host: "a", trafficPolicy: { tsl: {} } }),
    "spec.trafficPolicy.tsl is {}",
  ],
];

describe("checkSchemas()", () => {
  const subjects = [...GOOD, ...BAD.map(([object]) => object)].map((object, index) => ({
    name: `object ${index}`,
    object: object as KubernetesObject,
  }));
  const findings = checkSchemas(subjects);

  test.each(GOOD.map((object, index) => [index, object] as const))(
    "finds nothing in good object %d",
    async (index) => {
      expect((await findings).filter((line) => line.startsWith(`object ${index}:`))).toEqual([]);
    },
  );

  test.each(BAD.map(([, words], index) => [words, GOOD.length + index] as const))(
    "finds: %s",
    async (words, index) => {
      const own = (await findings).filter((line) => line.startsWith(`object ${index}:`));
      expect(own.join("\n")).toContain(words);
    },
  );
});
