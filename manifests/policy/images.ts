/**
 * Which images may run where. What can change under its name runs in overlays/dev only; overlays/staging has the
 * newest of main, whose digest its pipeline writes; all else says a version or a digest.
 */
import type { Rendered } from "../render.ts";
import { allContainers } from "./containers.ts";
import type { Finding } from "./finding.ts";

const VERSION = /^v?\d+(?:\.\d+){1,3}(?:[-.+_][\w.-]+)?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

interface Allowed {
  readonly words: string;
  readonly tag: (tag: string) => boolean;
}

const PINNED: Allowed = {
  words: "a version such as v1.0.0, or a digest",
  tag: (tag) => VERSION.test(tag),
};

const BY_OVERLAY: Readonly<Record<string, Allowed>> = {
  "overlays/dev": {
    words: "develop-latest, a version or a digest",
    tag: (tag) => tag === "develop-latest" || VERSION.test(tag),
  },
  "overlays/staging": {
    words: "main-latest, with its digest or without, a version or a digest",
    tag: (tag) => tag === "main-latest" || VERSION.test(tag),
  },
};

export function checkImages(rendered: Rendered, folder: string): readonly Finding[] {
  const overlay = Object.keys(BY_OVERLAY).find((path) => `/${folder}/`.includes(`/${path}/`));
  const allowed = BY_OVERLAY[overlay ?? ""] ?? PINNED;
  return allContainers(rendered).flatMap(({ workload: { object }, container, field }) => {
    const images: [field: string, image: string][] = [[`${field}.image`, container.image ?? ""]];
    for (const arg of [...(container.command ?? []), ...(container.args ?? [])]) {
      // A webhook injects the image that its flag names.
      const [, flag, image] = /^--([\w.-]*image)=(.*)$/.exec(arg) ?? [];
      if (image !== undefined) images.push([`${field}.args[--${flag}]`, image]);
    }
    return images
      .filter(([, image]) => !isAllowed(image, allowed))
      .map(([name, value]) => ({ object, field: name, value, allowed: allowed.words }));
  });
}

function isAllowed(image: string, allowed: Allowed): boolean {
  const [reference = "", digest, ...rest] = image.split("@");
  const name = reference.split("/").at(-1) ?? "";
  const tag = name.includes(":") ? name.slice(name.indexOf(":") + 1) : undefined;
  if (tag === "latest" || rest.length > 0) return false;
  if (digest !== undefined && !DIGEST.test(digest)) return false;
  if (tag === undefined) return digest !== undefined;
  // A tag such as develop-latest says where an image belongs, also beside a digest.
  return allowed.tag(tag) || (digest !== undefined && !tag.endsWith("-latest"));
}
