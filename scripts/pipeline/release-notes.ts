/**
 * Prints the notes of a release: `bun scripts/pipeline/release-notes.ts TAG [IMAGE…]`, with the images as
 * publish.ts writes them. Fails unless the tag is the version of package.json and CHANGELOG.md has its section.
 */
import { join } from "node:path";
import { version as packageVersion } from "../../package.json" with { type: "json" };
import { sectionOf, versionOf } from "./changelog.ts";
import { parseReference, type Reference } from "./reference.ts";

const CHANGELOG = join(import.meta.dir, "../../CHANGELOG.md");

function render(section: string, references: readonly Reference[]): string {
  if (references.length === 0) return section;
  const images = references.map(({ name, tag, digest }) => `${name}:${tag}@${digest}`);
  return [
    section,
    "",
    "## Images",
    "",
    "```",
    ...images,
    "```",
    "",
    "docs/release.md says how to verify them and the executables.",
  ].join("\n");
}

async function main([tag = "", ...images]: readonly string[]): Promise<number> {
  try {
    const version = versionOf(tag, packageVersion);
    const references = images.map(parseReference);
    console.log(render(sectionOf(await Bun.file(CHANGELOG).text(), version), references));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
