/** A kustomization that a user could write above ours -> the objects that kubectl renders from it. */
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type Rendered, render } from "../render.ts";

const MANIFESTS = join(import.meta.dir, "..");

/** `paths` are folders below manifests/webhook; what is in `rest` goes into the kustomization as it is. */
export async function renderOverlay(
  paths: Partial<Record<"resources" | "components" | "transformers", readonly string[]>>,
  rest: Readonly<Record<string, unknown>> = {},
): Promise<Rendered> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "overlay-")));
  try {
    const fields = Object.entries(paths).map(([field, folders]) => [
      field,
      folders.map((path) => relative(folder, join(import.meta.dir, path))),
    ]);
    // JSON is YAML.
    const text = JSON.stringify({ ...Object.fromEntries(fields), ...rest });
    await writeFile(join(folder, "kustomization.yaml"), text);
    return await render(relative(MANIFESTS, folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}
