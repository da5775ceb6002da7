/**
 * Builds the images with docker, podman or buildah: `bun scripts/images/image.ts [COMPONENT…]`. BUILD_IMAGE and
 * BASE_IMAGE of the environment stand in for the Dockerfile's.
 */
import { version } from "../../package.json" with { type: "json" };
import { componentsOf } from "../build.ts";
import { runToEnd } from "../run.ts";
import { buildImage, findEngine, IMAGES } from "./engine.ts";

async function main(wanted: readonly string[]): Promise<number> {
  try {
    const components = componentsOf(wanted);
    const engine = await findEngine();
    const { stdout } = await runToEnd(["git", "rev-parse", "HEAD"]);
    const args = { REVISION: stdout.trim() || "unknown", ...baseImages() };
    for (const component of components) {
      const tag = `${IMAGES[component]}:${version}`;
      await buildImage(engine, { component, tag, args });
      console.log(`${tag} (${component}, by ${engine})`);
    }
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

/** Where the registries of the Dockerfile cannot be reached. */
function baseImages(): Readonly<Record<string, string>> {
  const { BUILD_IMAGE, BASE_IMAGE } = process.env;
  return { ...(BUILD_IMAGE && { BUILD_IMAGE }), ...(BASE_IMAGE && { BASE_IMAGE }) };
}

process.exit(await main(process.argv.slice(2)));
