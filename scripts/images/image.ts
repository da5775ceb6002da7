/** Builds the images with docker, podman or buildah: `bun scripts/images/image.ts [COMPONENT…]`. */
import { version } from "../../package.json" with { type: "json" };
import { runProcess } from "../../shared/testing/process.ts";
import { buildImage, findEngine, IMAGES } from "./engine.ts";

async function main(wanted: readonly string[]): Promise<number> {
  const components = wanted.length > 0 ? wanted : Object.keys(IMAGES);
  for (const component of components) {
    if (Object.hasOwn(IMAGES, component)) continue;
    console.error(`${component}: no such component, only ${Object.keys(IMAGES).join(", ")}`);
    return 1;
  }
  try {
    const engine = await findEngine();
    const { stdout } = await runProcess(["git", "rev-parse", "HEAD"]);
    for (const component of components) {
      const tag = `${IMAGES[component]}:${version}`;
      await buildImage(engine, { component, tag, args: { REVISION: stdout.trim() || "unknown" } });
      console.log(`${tag} (${component}, by ${engine})`);
    }
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
