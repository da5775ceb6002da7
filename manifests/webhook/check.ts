/** The webhook's base, with each way to a certificate, and as users install it. */
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json" with { type: "json" };
import { type Rendered, render } from "../render.ts";
import { renderOverlay } from "./overlay.ts";
import { settingsOf } from "./settings.ts";
import { checkWiring } from "./wiring.ts";

const NAMES = ["prometheus-metrics-proxy-hook", "prometheus-metrics-proxy"];
const DIGEST = `sha256:${"0".repeat(64)}`;

const certManager = await render("webhook");
const base = await render("webhook/base");
const selfSigned = await render("webhook/self-signed");
const installation = await render("webhook/examples/installation");
const renamed = await renderOverlay(
  { resources: ["self-signed"], transformers: ["components/follow-namespace"] },
  { namespace: "elsewhere" },
);

describe("manifests/webhook", () => {
  checkWiring(certManager);
  checkCertificate(certManager);
});
describe("manifests/webhook/base", () => checkWiring(base));
describe("manifests/webhook/self-signed", () => {
  checkWiring(selfSigned);
  checkRights(selfSigned);
});

describe("a kustomization of a user's own", () => {
  describe("in another namespace, with cert-manager: examples/installation", () => {
    checkWiring(installation);
    checkCertificate(installation);
    test("is there, and not where ours is", () => {
      expect(installation.one("Service").metadata?.namespace).toBe("metrics-proxy");
    });
    test("sets a flag of the webhook by its variable", () => {
      expect(settingsOf(installation).scrapeIntervalSeconds).toBe(30);
    });
  });

  describe("in another namespace, self-signed", () => {
    checkWiring(renamed);
    checkRights(renamed);
  });

  test.each([
    [{ newName: "r.example.com/x" }, [`r.example.com/x:${version}`, `r.example.com/x:${version}`]],
    [{ newTag: "9" }, NAMES.map((name) => `${name}:9`)],
    [{ digest: DIGEST }, NAMES.map((name) => `${name}@${DIGEST}`)],
  ])("sets the images of the webhook and of the sidecar by their names: %j", async (change, as) => {
    const images = NAMES.map((name) => ({ name, ...change }));
    const rendered = await renderOverlay({ resources: ["self-signed"] }, { images });
    expect([rendered.container().image, settingsOf(rendered).sidecarImage]).toEqual(as);
  });
});

function checkCertificate(whole: Rendered): void {
  const service = whole.one("Service").metadata;

  test("has cert-manager make the Secret that is mounted, for the name that is called", () => {
    const serving = whole.all("Certificate").find(({ spec }) => spec.dnsNames !== undefined);
    expect(whole.workloads().map((workload) => workload.spec.volumes)).toMatchObject([
      [{ secret: { secretName: serving?.spec.secretName } }],
    ]);
    expect(serving?.spec.dnsNames).toEqual([`${service?.name}.${service?.namespace}.svc`]);
    const { name, namespace } = serving?.metadata ?? {};
    expect(whole.one("MutatingWebhookConfiguration").metadata?.annotations).toEqual({
      "cert-manager.io/inject-ca-from": `${namespace}/${name}`,
    });
  });

  test("has it signed by an authority that outlives it, so that the caBundle stays", () => {
    const certificates = new Map(whole.all("Certificate").map((one) => [one.metadata.name, one]));
    const issuers = new Map(whole.all("Issuer").map((one) => [one.metadata.name, one]));
    const name = "prometheus-metrics-proxy-hook";
    const secretName = `${name}-authority`;
    const issuerRef = { kind: "Issuer", name };
    const root = { kind: "Issuer", name: `${name}-self-signed` };
    // Renewed 30 days before its end, long before the alerts at 14 and 3 days.
    expect(certificates.get(name)).toMatchObject({
      spec: { duration: "2160h", renewBefore: "720h", issuerRef },
    });
    expect(issuers.get(name)?.spec).toEqual({ ca: { secretName } });
    expect(certificates.get(secretName)).toMatchObject({
      spec: {
        secretName,
        isCA: true,
        duration: "87600h",
        issuerRef: root,
        // A new key would be a new caBundle.
        privateKey: { rotationPolicy: "Never" },
      },
    });
    expect(issuers.get(root.name)?.spec).toEqual({ selfSigned: {} });
  });
}

function checkRights(rendered: Rendered): void {
  test("allows the API calls that are made for the certificate, and no others", () => {
    const config = settingsOf(rendered);
    const secrets = { apiGroups: [""], resources: ["secrets"] };
    const { certificateSecret, webhookConfiguration } = config;
    expect(rendered.one("Role")).toMatchObject({
      metadata: { namespace: config.namespace },
      rules: [
        { ...secrets, verbs: ["create"] },
        {
          ...secrets,
          resourceNames: [certificateSecret],
          verbs: ["get", "list", "watch", "update"],
        },
      ],
    });
    expect(rendered.one("ClusterRole").rules).toEqual([
      {
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["mutatingwebhookconfigurations"],
        resourceNames: [webhookConfiguration],
        verbs: ["get", "list", "watch", "patch"],
      },
    ]);
    expect(config.serviceName).toBe(rendered.one("Service").metadata?.name ?? "");
  });
}
