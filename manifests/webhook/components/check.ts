/** The webhook's components: each by itself, and all of them with each way to a certificate. */
import { describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { ANNOTATIONS, WRITTEN } from "../../../webhook/annotations.ts";
import type { Status } from "../../../webhook/origin.ts";
import { CONTAINER_NAME } from "../../../webhook/plan.ts";
import type { Rendered } from "../../render.ts";
import { renderOverlay } from "../overlay.ts";
import { settingsOf } from "../settings.ts";
import { checkWiring, type Expected } from "../wiring.ts";

type Check = (rendered: Rendered) => void;

const CERTIFICATES = ["cert-manager", "self-signed"];

/** What each changes, beside what holds in any case. */
const COMPONENTS: Readonly<Record<string, Expected & { readonly check: Check }>> = {
  fail: { failurePolicy: "Fail", check() {} },
  istio: { check: checkIstio },
  "look-up-services": { check: checkLookUp },
  "native-sidecars": { check: checkNative },
  podmonitor: { check: checkPodMonitor },
  prometheusrule: { check: checkPrometheusRule },
  verify: { check: checkVerify },
};

const NAMES = Object.keys(COMPONENTS);

test("every component is checked", () => {
  const found = [...new Bun.Glob("*/kustomization.yaml").scanSync(import.meta.dir)].map(dirname);
  expect(found.sort()).toEqual([...CERTIFICATES, "follow-namespace", ...NAMES].sort());
});

for (const name of NAMES) {
  const rendered = await renderWith([name]);
  describe(`components/${name}`, () => {
    checkWiring(rendered, COMPONENTS[name]);
    COMPONENTS[name]?.check(rendered);
  });
}

for (const certificate of CERTIFICATES) {
  const forward = await renderWith([certificate, ...NAMES]);
  const rendered = await renderWith([...NAMES.toReversed(), certificate]);
  const shapes = [forward, rendered].map(({ objects }) => sortedTexts(objects));

  describe(`all components, with ${certificate}`, () => {
    checkWiring(rendered, COMPONENTS.fail);
    for (const { check } of Object.values(COMPONENTS)) check(rendered);
    test("are the same in any order", () => {
      expect(settingsOf(rendered)).toEqual(settingsOf(forward));
      expect(shapes[1]).toEqual(shapes[0] ?? []);
    });
  });
}

async function renderWith(names: readonly string[]): Promise<Rendered> {
  const components = names.map((name) => `components/${name}`);
  // In another namespace, which is what is easily forgotten.
  const paths = { resources: ["base"], components, transformers: ["components/follow-namespace"] };
  return renderOverlay(paths, { namespace: "elsewhere" });
}

/** Objects as text, without their order and that of a container's variables. */
function sortedTexts(list: readonly unknown[]): readonly string[] {
  const texts = list.map((one) =>
    JSON.stringify(one, (key, value) =>
      key === "env" && Array.isArray(value) ? sortedTexts(value) : value,
    ),
  );
  return texts.sort();
}

function checkIstio(rendered: Rendered): void {
  test("keeps the pods out of the mesh, and mutual TLS out of the way to them", () => {
    const labels = { "sidecar.istio.io/inject": "false", "istio.io/dataplane-mode": "none" };
    expect(rendered.workloads()).toMatchObject([{ labels }]);
    const { name: host, namespace } = rendered.one("Service").metadata ?? {};
    expect(rendered.all("DestinationRule")).toMatchObject([
      { metadata: { namespace }, spec: { host, trafficPolicy: { tls: { mode: "DISABLE" } } } },
    ]);
  });
}

function checkLookUp(rendered: Rendered): void {
  test("looks Services up, and may list them and no more", () => {
    expect(settingsOf(rendered).lookUpServices).toBe("true");
    const name = "prometheus-metrics-proxy-hook-services";
    const role = rendered.all("ClusterRole").find(({ metadata }) => metadata?.name === name);
    expect(role?.rules).toEqual([{ apiGroups: [""], resources: ["services"], verbs: ["list"] }]);
    const account = { kind: "ServiceAccount", name: rendered.one("ServiceAccount").metadata?.name };
    expect(rendered.all("ClusterRoleBinding")).toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name }),
        roleRef: expect.objectContaining({ kind: "ClusterRole", name }),
        subjects: [expect.objectContaining(account)],
      }),
    );
  });
}

function checkNative(rendered: Rendered): void {
  test("injects native sidecars without asking anybody", () => {
    expect(settingsOf(rendered).nativeSidecars).toBe("true");
  });
}

function checkPrometheusRule(rendered: Rendered): void {
  test("has the alerts, which say where the runbooks are", () => {
    const groups = rendered.one("PrometheusRule").spec?.groups;
    expect(JSON.stringify(groups)).toMatch(/"runbook_url":"https:\/\/[^"]+#finalscrape/);
  });
}

function checkPodMonitor(rendered: Rendered): void {
  test("has the metrics scraped by the monitor alone", () => {
    const ports = rendered.container().ports?.map(({ name }) => name);
    const monitor = rendered.all("PodMonitor")[0];
    expect(monitor?.metadata.labels).toMatchObject({ release: "prometheus" });
    const matchLabels = rendered.workloads()[0]?.selector;
    expect(monitor?.spec).toEqual({
      selector: { matchLabels },
      podMetricsEndpoints: [{ port: ports?.[1], path: "/metrics" }],
    });
    const annotations = rendered.one("Deployment").spec?.template.metadata?.annotations ?? {};
    expect(Object.keys(annotations).filter((key) => key.startsWith("prometheus.io/"))).toEqual([]);
  });
}

function checkVerify(rendered: Rendered): void {
  const policies = rendered.all("ValidatingAdmissionPolicy");
  const [injected, port] = policies;
  const hook = rendered.one("MutatingWebhookConfiguration").webhooks?.[0];
  const [rule] = hook?.rules ?? [];
  const namespaceSelector = hook?.namespaceSelector;
  const { variables = [] } = (port?.spec ?? {}) as {
    readonly variables?: readonly { readonly expression: string }[];
  };
  // CEL is not spoken here, but its patterns are.
  const patterns = [...(variables[1]?.expression ?? "").matchAll(/find\('(.+?)'\)/g)];

  test("looks at the pods that the webhook is asked about", () => {
    expect(injected?.spec).toMatchObject({
      matchConstraints: { resourceRules: [rule], namespaceSelector },
      matchConditions: [
        { expression: expect.stringContaining(`['${ANNOTATIONS.wait.key}'] == 'true'`) },
      ],
      validations: [{ expression: expect.stringContaining(`c.name == '${CONTAINER_NAME}'`) }],
    });
  });

  test("looks at the port of the pods that it has injected, at updates too", () => {
    const status = `object.metadata.annotations['${WRITTEN.status}']`;
    expect(port?.spec).toMatchObject({
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: rule?.apiGroups,
            resources: rule?.resources,
            scope: rule?.scope,
            operations: ["CREATE", "UPDATE"],
          },
        ],
        namespaceSelector,
      },
      matchConditions: [{ expression: expect.stringContaining(`'${WRITTEN.status}' in`) }],
      variables: [
        { name: "port", expression: expect.stringContaining(`['${ANNOTATIONS.port.key}']`) },
        { name: "proxyPort", expression: expect.stringContaining(`${status}.find(`) },
      ],
    });
  });

  test("finds the proxy's port in what the webhook writes, and none elsewhere", () => {
    const find = (text: string) =>
      patterns.reduce((rest, [, pattern = ""]) => new RegExp(pattern).exec(rest)?.[0] ?? "", text);
    const status: Status = { version: "1", mode: "native", originalPort: 8080, proxyPort: 18_080 };
    expect([patterns.length, find(JSON.stringify(status))]).toEqual([2, "18080"]);
    for (const text of ["", "18080", '{"originalPort":8080}']) expect(find(text)).toBe("");
  });

  test("belongs to no namespace and refuses nothing", () => {
    expect(policies.map(({ metadata }) => metadata.namespace)).toEqual([undefined, undefined]);
    expect(policies.map(({ spec }) => spec?.failurePolicy)).toEqual(["Ignore", "Ignore"]);
    const bound = policies.map(({ metadata }) => ({
      spec: { policyName: metadata.name, validationActions: ["Warn", "Audit"] },
    }));
    expect(rendered.all("ValidatingAdmissionPolicyBinding")).toMatchObject(bound);
  });
}
