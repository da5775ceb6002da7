/** An image as the pipeline hands it on, in kustomize's words: `lb-exporter=registry/lb-exporter:v1.2.3@sha256:…`. */

/** What an overlay says of an image. */
export interface Reference {
  /** As the manifests name it. */
  readonly image: string;
  /** With its registry. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

const PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const HOST = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?";
const REFERENCE = new RegExp(
  `^(?<image>${PART})=(?<name>${HOST}(?:/${PART})+):(?<tag>\\w[\\w.-]{0,127})@(?<digest>sha256:[0-9a-f]{64})$`,
);

/** Throws a `RangeError` that shows what is expected for anything but a tag and a whole digest. */
export function parseReference(text: string): Reference {
  const { image, name, tag, digest } = REFERENCE.exec(text)?.groups ?? {};
  if (image && name && tag && digest) return { image, name, tag, digest };
  throw new RangeError(
    `"${text}" is no image: NAME=REGISTRY/NAME:TAG@sha256:… with 64 hex digits is expected`,
  );
}

export function formatReference({ image, name, tag, digest }: Reference): string {
  return `${image}=${name}:${tag}@${digest}`;
}
