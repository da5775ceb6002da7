/** Images -> the kustomizations of an environment that name them, edited so that nothing else in them changes. */
import { isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import type { Reference } from "./reference.ts";
import type { Environment } from "./stage.ts";

const WEBHOOK = ["prometheus-metrics-proxy-hook", "prometheus-metrics-proxy"];

/** Of each environment, the kustomizations with the images that belong there. */
const TARGETS: Readonly<Record<Environment, Readonly<Record<string, readonly string[]>>>> = {
  dev: { "manifests/exporter/overlays/dev/kustomization.yaml": ["lb-exporter"] },
  staging: { "manifests/exporter/overlays/staging/kustomization.yaml": ["lb-exporter"] },
  // One webhook serves the pods of every environment: it changes with a release only.
  prod: {
    "manifests/exporter/overlays/prod/kustomization.yaml": ["lb-exporter"],
    "manifests/webhook/kustomization.yaml": WEBHOOK,
    "manifests/webhook/self-signed/kustomization.yaml": WEBHOOK,
  },
};

/** The files to edit, each with what to write there. Throws a `RangeError` if an image for one is missing. */
export function plan(
  environment: Environment,
  references: readonly Reference[],
): ReadonlyMap<string, readonly Reference[]> {
  const find = (image: string): Reference => {
    const [found, second] = references.filter((one) => one.image === image);
    if (found !== undefined && second === undefined) return found;
    throw new RangeError(`${environment} needs the image ${image} once`);
  };
  const targets = Object.entries(TARGETS[environment]);
  return new Map(targets.map(([path, images]) => [path, images.map(find)]));
}

/** The kustomization with these images. Throws a `SyntaxError` for a text that is none. */
export function setImages(text: string, references: readonly Reference[]): string {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new SyntaxError(problem.message, { cause: problem });
  if (document.get("kind") !== "Kustomization") throw new SyntaxError("This is no Kustomization");
  if (!document.has("images")) document.set("images", document.createNode([]));
  const images = document.get("images");
  if (!isSeq(images)) throw new SyntaxError("images: is no list");
  images.flow = false;
  for (const { image, name, tag, digest } of references) {
    let entry = images.items.find(
      (item): item is YAMLMap => isMap(item) && item.get("name") === image,
    );
    if (entry === undefined) {
      entry = document.createNode({ name: image });
      images.add(entry);
    }
    entry.set("newName", name);
    entry.set("newTag", tag);
    entry.set("digest", digest);
  }
  // A file that says the same is left as it is, to the byte.
  const before: unknown = parseDocument(text).toJS();
  if (Bun.deepEquals(before, document.toJS())) return text;
  return document.toString({ lineWidth: 0 });
}
