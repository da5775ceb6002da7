import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { plan, setImages } from "./overlay.ts";
import { parseReference, type Reference } from "./reference.ts";
import { ENVIRONMENTS } from "./stage.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const OTHER = `sha256:${"fedcba9876543210".repeat(4)}`;

const EXPORTER = reference("lb-exporter", "main-latest", DIGEST);
const RELEASE = [
  reference("lb-exporter", "v1.2.3", DIGEST),
  reference("prometheus-metrics-proxy-hook", "v1.2.3", DIGEST),
  reference("prometheus-metrics-proxy", "v1.2.3", OTHER),
];

function reference(image: string, tag: string, digest: string): Reference {
  return parseReference(`${image}=registry.example.com/${image}:${tag}@${digest}`);
}

const OVERLAY = `# What the branch main has last built.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: monitoring-staging

resources:
  - ../../base # the same everywhere
images:
  # Somebody else's.
  - name: lb-exporter-helper
    newTag: "1.0"
  - name: lb-exporter
    newName: registry.cloud.kt.com/lb-exporter
    newTag: main-latest
patches:
  - target: { kind: Deployment }
    patch: |-
      - op: test
        path: /kind
        value: Deployment
`;

const EDITED = OVERLAY.replace(
  "registry.cloud.kt.com/lb-exporter\n    newTag: main-latest",
  `registry.example.com/lb-exporter\n    newTag: main-latest\n    digest: ${DIGEST}`,
);

describe("setImages()", () => {
  test("writes name, tag and digest of the image, and leaves everything else as it is", () => {
    expect(setImages(OVERLAY, [EXPORTER])).toBe(EDITED);
  });

  test("changes nothing the second time", () => {
    expect(setImages(EDITED, [EXPORTER])).toBe(EDITED);
  });

  test("replaces the digest of before", () => {
    const before = EDITED.replace(DIGEST, OTHER);
    expect(setImages(before, [EXPORTER])).toBe(EDITED);
  });

  test("adds the list and the images where there are none", () => {
    const text = "# By cert-manager.\nkind: Kustomization\nresources:\n  - base\n";
    expect(setImages(text, RELEASE.slice(1))).toBe(
      `${text}images:
  - name: prometheus-metrics-proxy-hook
    newName: registry.example.com/prometheus-metrics-proxy-hook
    newTag: v1.2.3
    digest: ${DIGEST}
  - name: prometheus-metrics-proxy
    newName: registry.example.com/prometheus-metrics-proxy
    newTag: v1.2.3
    digest: ${OTHER}
`,
    );
  });

  test("fills an empty list, also one in one line", () => {
    const text = "kind: Kustomization\nimages: []\n";
    expect(setImages(text, [EXPORTER])).toContain("\nimages:\n  - name: lb-exporter\n");
  });

  test.each([
    ["no YAML", "kind: [Kustomization"],
    ["another kind", "kind: Component\n"],
    ["an images: that is no list", "kind: Kustomization\nimages: lb-exporter\n"],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => setImages(text, [EXPORTER])).toThrow(SyntaxError);
  });
});

describe("plan()", () => {
  const files = (environment: "dev" | "staging" | "prod") =>
    Array.from(plan(environment, RELEASE), ([path, images]) => [path, images.length] as const);

  test.each(["dev", "staging"] as const)("of %s is the exporter's overlay alone", (environment) => {
    const path = `manifests/exporter/overlays/${environment}/kustomization.yaml`;
    expect(files(environment)).toEqual([[path, 1]]);
  });

  test("of prod is the exporter, and the webhook with the sidecar that it injects", () => {
    expect(files("prod")).toEqual([
      ["manifests/exporter/overlays/prod/kustomization.yaml", 1],
      ["manifests/webhook/kustomization.yaml", 2],
      ["manifests/webhook/self-signed/kustomization.yaml", 2],
    ]);
  });

  test.each([
    ["is missing", RELEASE.slice(0, 2)],
    ["is there twice", [...RELEASE, EXPORTER]],
  ])("refuses when an image %s", (_, references) => {
    expect(() => plan("prod", references)).toThrow(RangeError);
  });
});

test.each(ENVIRONMENTS)("what %s is written to is in manifests/", (environment) => {
  const paths = [...plan(environment, RELEASE).keys()];
  const missing = paths.filter((path) => !existsSync(join(import.meta.dir, "../..", path)));
  expect(paths).not.toBeEmpty();
  expect(missing).toEqual([]);
});
