/** The exporter's base and overlays: what each environment gets, and that the real exporter can live with it. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { isAllowed } from "../../shared/testing/rights.ts";
import { render } from "../render.ts";
import { MOUNT_PATH, startContainer } from "./start.ts";

const base = await render("exporter/base");
const container = base.container();

const REGISTRY = "registry.cloud.kt.com/lb-exporter";
const OVERLAYS = [
  {
    overlay: "dev",
    namespace: "monitoring-dev",
    replicas: 1,
    requests: { cpu: "50m", memory: "64Mi" },
    limits: { memory: "128Mi" },
    image: new RegExp(`^${REGISTRY}:develop-latest$`),
    imagePullPolicy: "Always",
  },
  {
    overlay: "staging",
    namespace: "monitoring-staging",
    replicas: 1,
    requests: { cpu: "100m", memory: "128Mi" },
    limits: { memory: "128Mi" },
    // The digest is the pipeline's.
    image: new RegExp(`^${REGISTRY}:main-latest(?:@sha256:[0-9a-f]{64})?$`),
    imagePullPolicy: "Always",
  },
  {
    overlay: "prod",
    namespace: "monitoring",
    replicas: 2,
    requests: { cpu: "200m", memory: "256Mi" },
    limits: { memory: "256Mi" },
    image: new RegExp(`^${RegExp.escape(`${REGISTRY}:v${version}`)}$`),
    imagePullPolicy: undefined,
  },
];

describe.each(OVERLAYS)("manifests/exporter/overlays/$overlay", (expected) => {
  const rendering = render(`exporter/overlays/${expected.overlay}`);

  test(`is the table's: ${expected.replicas} in ${expected.namespace}`, async () => {
    const overlay = await rendering;
    const { image, imagePullPolicy, resources } = overlay.container();
    expect(overlay.one("Deployment").spec?.replicas).toBe(expected.replicas);
    expect(image).toMatch(expected.image);
    expect(imagePullPolicy).toBe(expected.imagePullPolicy);
    expect(resources).toEqual({ requests: expected.requests, limits: expected.limits });
  });

  test("has all of it in its namespace, the account that may use the Lease included", async () => {
    const { objects } = await rendering;
    const { namespace } = expected;
    const others = objects.filter(({ kind }) => kind !== "Namespace");
    expect(new Set(others.map(({ metadata }) => metadata.namespace))).toEqual(new Set([namespace]));
    expect(objects.filter(({ kind }) => kind === "RoleBinding")).toMatchObject([
      { subjects: [{ kind: "ServiceAccount", name: "lb-exporter", namespace }] },
    ]);
  });

  test("makes its own namespace, restricted, but never the one that it shares", async () => {
    const namespaces = (await rendering).all("Namespace").map(({ metadata }) => metadata);
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    expect(namespaces).toMatchObject(
      expected.overlay === "prod" ? [] : [{ name: expected.namespace, labels }],
    );
  });
});

describe("manifests/exporter/base", () => {
  test("has the new pod ready before the old one goes, and ends each within its grace period", () => {
    const { strategy, template } = base.one("Deployment").spec ?? {};
    expect(strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    // 15 s for scrapes in flight and the release of the Lease (exporter/main.ts).
    expect(template?.spec?.terminationGracePeriodSeconds).toBeGreaterThan(15);
  });

  test("writes out what the API server would add, so that kubectl finds nothing to change", () => {
    expect(base.one("Deployment").spec?.strategy?.type).toBe("RollingUpdate");
    expect(base.one("Service").spec?.ports).toMatchObject([{ protocol: "TCP" }]);
  });

  test("reads id and password from files of a Secret that is not in the tree", () => {
    expect(container.env).toEqual([
      { name: "CLOUD_ID_FILE", value: `${MOUNT_PATH}/CLOUD_ID` },
      { name: "CLOUD_PASSWORD_FILE", value: `${MOUNT_PATH}/CLOUD_PASSWORD` },
      {
        name: "CLOUD_ZONE",
        valueFrom: { secretKeyRef: { name: "lb-exporter", key: "CLOUD_ZONE" } },
      },
    ]);
    const [workload] = base.workloads();
    expect(workload?.spec.volumes).toMatchObject([{ secret: { secretName: "lb-exporter" } }]);
    // By subPath the kubelet would never bring a new password.
    expect(container.volumeMounts).toEqual([
      { name: "access", mountPath: MOUNT_PATH, readOnly: true },
    ]);
  });

  test("serves on 9105, where the container listens", () => {
    expect(container.args).toContain("--web.listen-address=:9105");
    expect(container.ports).toEqual([{ name: "metrics", containerPort: 9105, protocol: "TCP" }]);
    expect(base.one("Service").spec?.ports).toMatchObject([
      { name: "metrics", port: 9105, targetPort: "metrics" },
    ]);
  });

  test("lets Prometheus in, and the exporter out to DNS, the API server and the cloud", () => {
    const name = { "app.kubernetes.io/name": "lb-exporter" };
    const monitoring = { "kubernetes.io/metadata.name": "monitoring" };
    expect(base.all("NetworkPolicy").map(({ spec }) => spec as unknown)).toEqual([
      {
        podSelector: { matchLabels: name },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: monitoring } }, { podSelector: {} }],
            ports: [{ port: "metrics", protocol: "TCP" }],
          },
        ],
        egress: [
          {
            ports: [
              { port: 53, protocol: "UDP" },
              { port: 53, protocol: "TCP" },
            ],
          },
          { ports: [443, 6443].map((port) => ({ port, protocol: "TCP" })) },
        ],
      },
    ]);
  });

  test("starts the exporter, which answers the probes and follows a new password", async () => {
    await using exporter = await startContainer(container);
    expect((await exporter.get(container.livenessProbe?.httpGet?.path)).status).toBe(200);
    expect((await exporter.get(container.readinessProbe?.httpGet?.path)).status).toBe(503);
    exporter.mounted.swap({ CLOUD_ID: "id", CLOUD_PASSWORD: "another", CLOUD_ZONE: "DX-M1" });
    await eventually("the change", async () =>
      (await exporter.get("/-/metrics")).text.includes('reloads_total{outcome="changed"} 1'),
    );
  });

  test("allows what a life with the Lease asks for, and nothing else", async () => {
    const { rules = [] } = base.one("Role");
    const single = rules.flatMap(({ resources = [], verbs, resourceNames }) =>
      verbs.map((verb) => ({ resources, verbs: [verb], ...(resourceNames && { resourceNames }) })),
    );
    await using api = await FakeApiServer.start();
    const allowed = (asked: Parameters<typeof isAllowed>[1]) =>
      single.filter((rule) => isAllowed(rule, asked));
    api.fault = (asked) =>
      allowed(asked).length === 0 ? { kind: "status", status: 403 } : undefined;
    const directory = mkdtempSync(join(tmpdir(), "rights-"));
    const kubeconfig = join(directory, "kubeconfig");
    api.writeKubeconfig(kubeconfig);
    const namespace = "--leader-elect-resource-namespace=monitoring";
    const flags = [`--kubeconfig=${kubeconfig}`, namespace];
    {
      await using exporter = await startContainer(container, { flags });
      const leads = () => api.get("leases", "lb-exporter") !== undefined;
      await eventually("a leader that watches", () => leads() && api.watches === 1);
      exporter.process.kill();
      expect((await exporter.process.ended()).code).toBe(0);
    }
    rmSync(directory, { recursive: true });
    expect(api.asked.filter((asked) => allowed(asked).length === 0)).toEqual([]);
    expect(new Set(api.asked.flatMap(allowed))).toEqual(new Set(single));
  });
});
