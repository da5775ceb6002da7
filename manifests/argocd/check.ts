/** Argo CD's Applications against what they are to deploy: paths, namespaces, kinds, and who syncs what. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { render } from "../render.ts";
import {
  type Application,
  deployed,
  find,
  type Project,
  refused,
  type Variant,
} from "./applications.ts";

const rendered = await render("argocd");
const applications = rendered.all("Application") as readonly Application[];
const projects = rendered.all("AppProject") as readonly Project[];
const repository = Bun.YAML.parse(await Bun.file(`${import.meta.dir}/repository.yaml`).text()) as {
  readonly data: { readonly url: string; readonly revision: string };
};

const MANIFESTS = join(import.meta.dir, "..");
const WAVE = "argocd.argoproj.io/sync-wave";
const OPTIONS = "argocd.argoproj.io/sync-options";

/** Who syncs what: `heal` undoes what somebody changes in the cluster, `follow` does not. */
const TABLE = [
  ["lb-exporter-dev", "exporter/overlays/dev", "monitoring-dev", "heal"],
  ["lb-exporter-prod", "exporter/overlays/prod", "monitoring", "by hand"],
  ["lb-exporter-staging", "exporter/overlays/staging", "monitoring-staging", "heal"],
  ["prometheus-metrics-proxy-hook", "webhook", "prometheus-metrics-proxy-hook", "by hand"],
  ["prometheus-whole-scrape", "argocd", "argocd", "follow"],
  ["prometheus-whole-scrape-monitoring", "monitoring", "monitoring", "heal"],
] as const;

test("manifests/argocd has these Applications, in Argo CD's namespace, and no other", () => {
  expect(
    applications.map(({ metadata, spec }) => [
      metadata.name,
      spec.source.path.replace("manifests/", ""),
      spec.destination.namespace,
      policy(spec.syncPolicy),
    ]),
  ).toEqual(TABLE.map((row) => [...row]));
  for (const { metadata } of [...applications, ...projects]) {
    expect(metadata.namespace).toBe("argocd");
  }
});

function policy({ automated }: Application["spec"]["syncPolicy"]): string {
  if (automated === undefined) return "by hand";
  return automated.selfHeal ? "heal" : "follow";
}

test("manifests/argocd names the repository in one file, and applies that file to nothing", () => {
  const { url, revision } = repository.data;
  expect(url).toStartWith("https://git.example.com/REPLACE-ME/");
  for (const { spec } of applications) {
    expect(spec.source).toMatchObject({ repoURL: url, targetRevision: revision });
  }
  for (const { spec } of projects) expect(spec.sourceRepos).toEqual([url]);
  expect(rendered.all("ConfigMap")).toEqual([]);
});

test("manifests/README.md names each file that holds a name of yours", () => {
  const list = textOf("README.md").split("On `main`, set")[1] ?? "";
  const named = list.replaceAll("{dev,staging,prod}", "").replaceAll("*.json", "");
  const files = [...new Bun.Glob("*/**/*.{yaml,json}").scanSync(MANIFESTS)]
    .filter((path) => !/\/(?:examples|tests|testdata)\//.test(path))
    .filter((path) => /example\.com|REPLACE-ME|cloud\.kt\.com/.test(textOf(path)));
  expect(files).toContain("argocd/repository.yaml");
  // By itself, or by a folder that is not a whole part.
  const missing = files.filter((path) => {
    const places = [path, dirname(path), dirname(dirname(path))];
    return !places.some((place) => place.includes("/") && named.includes(place));
  });
  expect(missing).toEqual([]);
});

function textOf(path: string): string {
  return readFileSync(join(MANIFESTS, path), "utf8");
}

test("manifests/argocd cannot take production down by a commit or a deletion", () => {
  for (const { metadata } of applications) expect(metadata.finalizers).toBeUndefined();
  for (const [name, options] of [
    ["lb-exporter-prod", "Prune=confirm,Delete=confirm"],
    ["prometheus-metrics-proxy-hook", "Prune=confirm,Delete=confirm"],
    ["prometheus-whole-scrape", "Prune=false"],
  ] as const) {
    expect(find(applications, name).metadata.annotations?.[OPTIONS]).toBe(options);
  }
});

test("manifests/argocd leaves the caBundle to who writes it, also while it syncs", () => {
  const [webhook, ...others] = applications.filter(({ spec }) => spec.ignoreDifferences);
  expect(others).toEqual([]);
  expect(webhook?.spec).toMatchObject({
    ignoreDifferences: [
      {
        group: "admissionregistration.k8s.io",
        kind: "MutatingWebhookConfiguration",
        name: "prometheus-metrics-proxy-hook",
        jqPathExpressions: [".webhooks[]?.clientConfig.caBundle"],
      },
    ],
    syncPolicy: {
      syncOptions: expect.arrayContaining([
        "RespectIgnoreDifferences=true",
        "ServerSideApply=true",
      ]),
    },
  });
});

test("manifests/argocd has what the webhook's certificate needs ready before each step of it", async () => {
  const webhook = find(applications, "prometheus-metrics-proxy-hook");
  const waves = (await deployed(webhook)).flatMap(({ kind, metadata }) => {
    const wave = metadata.annotations?.[WAVE];
    return wave === undefined ? [] : [[Number(wave), `${kind} ${metadata.name}`] as const];
  });
  expect(waves.toSorted(([one], [other]) => one - other)).toEqual([
    [-5, "Namespace prometheus-metrics-proxy-hook"],
    [-4, "Issuer prometheus-metrics-proxy-hook-self-signed"],
    [-3, "Certificate prometheus-metrics-proxy-hook-authority"],
    [-2, "Issuer prometheus-metrics-proxy-hook"],
    [-1, "Certificate prometheus-metrics-proxy-hook"],
  ]);
  // Of the commit that somebody has chosen, and no newer one.
  expect(webhook.spec.syncPolicy.retry).toEqual({ limit: 5, backoff: expect.anything() });
});

/** Without the first, what somebody else has set is overwritten, and a large dashboard is refused. */
const COMMON = ["ServerSideApply=true", "ApplyOutOfSyncOnly=true", "PruneLast=true"];

test.each([
  ["lb-exporter-dev", COMMON],
  ["lb-exporter-prod", ["CreateNamespace=true", ...COMMON]],
  ["lb-exporter-staging", COMMON],
  ["prometheus-metrics-proxy-hook", ["RespectIgnoreDifferences=true", ...COMMON]],
  ["prometheus-whole-scrape", ["ApplyOutOfSyncOnly=true"]],
  ["prometheus-whole-scrape-monitoring", ["CreateNamespace=true", ...COMMON]],
])("manifests/argocd syncs %s with the options %j", (name, options) => {
  expect(find(applications, name).spec.syncPolicy.syncOptions).toEqual(options);
});

/** What somebody may deploy in the place of an Application's folder: each component, and other folders of ours. */
const VARIANTS = [
  ...componentsOf("webhook").map((components) => [
    "prometheus-metrics-proxy-hook",
    { path: "webhook/base", components },
  ]),
  ["prometheus-metrics-proxy-hook", { path: "webhook/self-signed" }],
  ...componentsOf("exporter").map((components) => [
    "lb-exporter-prod",
    { path: "exporter/overlays/prod", components, namespace: "monitoring" },
  ]),
  ["prometheus-whole-scrape-monitoring", { path: "monitoring/ingress" }],
] as readonly (readonly [string, Variant])[];

function componentsOf(part: string): readonly (readonly string[])[] {
  return [...new Bun.Glob(`${part}/components/*/kustomization.yaml`).scanSync(MANIFESTS)]
    .filter((path) => textOf(path).includes("kind: Component"))
    .toSorted()
    .map((path) => [dirname(path)]);
}

describe("manifests/argocd, its projects", () => {
  test("allow no Application to write Applications, projects or Secrets", () => {
    const root = applications.filter(({ spec }) => spec.project.endsWith("-root"));
    expect(root.map(({ metadata }) => metadata.name)).toEqual(["prometheus-whole-scrape"]);
    const kinds = find(projects, "prometheus-whole-scrape").spec.namespaceResourceWhitelist;
    for (const kind of ["Application", "AppProject", "Secret", "*"]) {
      expect(kinds.map((allowed) => allowed.kind)).not.toContain(kind);
    }
  });

  test("have Argo CD show the pods: it hides what is below an object and not allowed", () => {
    const kinds = find(projects, "prometheus-whole-scrape").spec.namespaceResourceWhitelist;
    expect(kinds).toContainEqual({ group: "apps", kind: "ReplicaSet" });
    expect(kinds).toContainEqual({ group: "", kind: "Pod" });
  });

  test.each(applications.map((one) => [one.metadata.name, one] as const))(
    "allow %s what its folder renders to, where it goes",
    async (_name, application) => {
      const project = find(projects, application.spec.project);
      expect(project.spec.destinations).toContainEqual(application.spec.destination);
      const objects = await deployed(application);
      expect(objects).not.toBeEmpty();
      for (const { metadata } of objects.filter(({ kind }) => kind === "Namespace")) {
        expect(metadata.annotations?.[OPTIONS]).toBe("Prune=false,Delete=false");
      }
      expect(refused(project, objects)).toEqual([]);
    },
  );

  test.each(VARIANTS)("allow %s also %j", async (name, variant) => {
    const application = find(applications, name);
    const objects = await deployed(application, variant);
    expect(refused(find(projects, application.spec.project), objects)).toEqual([]);
  });
});
