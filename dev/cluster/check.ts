/** skaffold.yaml against what it deploys: each image that it builds is used, each port that it forwards exists. */
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { imageParts, type Rendered, render, selects } from "../../manifests/render.ts";

interface Skaffold {
  readonly build: { readonly artifacts: readonly { readonly image: string }[] };
  readonly manifests: {
    readonly hooks: { readonly before: readonly unknown[] };
    readonly kustomize: { readonly paths: readonly string[] };
  };
  readonly resourceSelector: { readonly allow: readonly { readonly image: readonly string[] }[] };
  readonly portForward: readonly {
    readonly resourceName: string;
    readonly namespace: string;
    readonly port: number;
  }[];
}

const root = join(import.meta.dir, "../..");
const skaffold = Bun.YAML.parse(await Bun.file(`${root}/skaffold.yaml`).text()) as Skaffold;
const parts = await Promise.all(
  skaffold.manifests.kustomize.paths.map((path) => render(join("..", path))),
);
const workloads = parts.flatMap((part) => part.workloads());
const containers = workloads.flatMap(({ spec }) => spec.containers);

test("skaffold.yaml builds the images that run, and the sidecar's, which is a variable of the webhook", () => {
  const [allow] = skaffold.resourceSelector.allow;
  expect(allow?.image).toEqual([".*", ".spec.template.spec.containers.*.env.*.value"]);
  const variables = containers.flatMap(({ env = [] }) => env);
  const sidecar = variables.find(({ name }) => name === "WEBHOOK_SIDECAR_IMAGE")?.value;
  const used = [...containers.map(({ image }) => image), sidecar].map(
    (one) => imageParts(one).name,
  );
  expect(new Set(used)).toEqual(new Set(skaffold.build.artifacts.map(({ image }) => image)));
});

test("skaffold.yaml asks whether the cluster is a local one before it renders what it would deploy and delete", () => {
  expect(skaffold.manifests.hooks.before).toEqual([
    { host: { command: ["scripts/local-context.sh"] } },
  ]);
  expect(statSync(`${root}/scripts/local-context.sh`).mode & 0o111).toBe(0o111);
});

test("skaffold.yaml shares no namespace with an environment of the exporter", async () => {
  const overlays = await Promise.all(
    ["dev", "staging", "prod"].map((name) => render(`exporter/overlays/${name}`)),
  );
  const taken = overlays.flatMap(namespacesOf);
  expect(taken).toContain("monitoring-dev");
  const own = parts.flatMap(namespacesOf);
  expect(own).toContain("lb-exporter-local");
  expect(own.filter((name) => taken.includes(name))).toEqual([]);
});

/** Of its objects; of none for an object that has none. */
function namespacesOf({ objects }: Rendered): readonly string[] {
  return objects.flatMap(({ metadata }) => metadata.namespace ?? []);
}

test("skaffold.yaml forwards ports of Services that have pods", () => {
  const services = parts.flatMap((part) => part.all("Service"));
  for (const { resourceName, namespace, port } of skaffold.portForward) {
    const service = services.find(({ metadata }) => metadata?.name === resourceName);
    expect(service?.metadata?.namespace).toBe(namespace);
    expect(service?.spec?.ports).toContainEqual(expect.objectContaining({ port }));
    expect(workloads.some(({ labels }) => selects(service?.spec?.selector, labels))).toBe(true);
  }
});

test("dev/cluster lets the exporter reach the simulated cloud", () => {
  const [exporter] = workloads.filter(({ name }) => name === "lb-exporter");
  const [simulator] = workloads.filter(({ name }) => name === "ktcloud-simulator");
  const url = exporter?.spec.containers[0]?.args?.findLast((arg) => arg.startsWith("--api.url="));
  expect(url).toBe("--api.url=http://ktcloud-simulator:9106");
  const policies = parts.flatMap((part) => part.all("NetworkPolicy"));
  const policy = policies.find(({ metadata }) => metadata?.name === "lb-exporter-to-simulator");
  expect(policy?.spec).toMatchObject({
    podSelector: { matchLabels: exporter?.selector },
    egress: [
      {
        to: [{ podSelector: { matchLabels: simulator?.selector } }],
        ports: [{ port: 9106, protocol: "TCP" }],
      },
    ],
  });
  expect(simulator?.spec.containers[0]?.ports).toEqual([
    { name: "http", containerPort: 9106, protocol: "TCP" },
  ]);
});
