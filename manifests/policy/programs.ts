/** Containers of ours: their image is one of our programs, and flags and variables are such as it has. */
import type { V1Container } from "@kubernetes/client-node";
import { imageParts, type Rendered } from "../render.ts";
import { allContainers, type Placed } from "./containers.ts";
import type { Finding } from "./finding.ts";

/** What a program has to say about itself. */
export interface Program {
  readonly version: string;
  /** What `--help` prints. */
  readonly help: string;
}

/** Programs by the name of their image. */
export type Programs = Readonly<Record<string, Program>>;

/** All flags and variables of containers of our programs; other images are left alone. */
export function checkFlags(rendered: Rendered, programs: Programs): readonly Finding[] {
  return allContainers(rendered).flatMap((placed) => {
    const program = programs[imageParts(placed.container.image).name];
    return program === undefined ? [] : judge(placed, program);
  });
}

/** Every container is of one of our programs and, unless an overlay has its own say, of this version. */
export function checkPrograms(
  rendered: Rendered,
  { programs, folder }: { readonly programs: Programs; readonly folder: string },
): readonly Finding[] {
  const isOverlay = folder.split("/").includes("overlays");
  return allContainers(rendered).flatMap(({ workload: { object }, container, field }) => {
    const { name, tag } = imageParts(container.image);
    const program = programs[name];
    const known = Object.entries(programs).map(([image, { version }]) => `${image}:${version}`);
    if (program !== undefined && (isOverlay || tag.replace(/^v/, "") === program.version))
      return [];
    const allowed = known.join(", ");
    return [{ object, field: `${field}.image`, value: container.image, allowed }];
  });
}

function judge(placed: Placed, { help }: Program): readonly Finding[] {
  const { container, field } = placed;
  const { object } = placed.workload;
  const flags = [...help.matchAll(/^ {2}--([\w.-]+)/gm)].map(([, flag]) => flag ?? "");
  const variables = [...help.matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g)].map(([name]) => name);
  return [
    ...(container.args ?? [])
      .filter((arg) => !flags.includes(/^--([\w.-]+)/.exec(arg)?.[1] ?? ""))
      .map((value) => ({ object, field: `${field}.args`, value, allowed: flags.join(", ") })),
    ...namesOf(container)
      .filter((name) => !variables.includes(name))
      .map((value) => ({
        object,
        field: `${field}.env`,
        value,
        allowed: [...new Set(variables)].join(", "),
      })),
  ];
}

function namesOf({ env = [] }: V1Container): readonly string[] {
  return env.map(({ name }) => name);
}
