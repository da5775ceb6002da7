/** CHANGELOG.md and a tag -> what the release says of itself. */

const TAG = /^v(\d+\.\d+\.\d+)$/;

/** The version that a tag stands for. Throws a `RangeError` if it is another than the package's. */
export function versionOf(tag: string, packageVersion: string): string {
  const [, version] = TAG.exec(tag) ?? [];
  if (version === undefined) throw new RangeError(`"${tag}" is no tag of a release: v1.2.3 is`);
  if (version === packageVersion) return version;
  throw new RangeError(`The tag says ${version}, package.json says ${packageVersion}`);
}

/**
 * What stands below `## VERSION` or `## VERSION (DATE)`. Throws a `RangeError` if there is no such section, or
 * nothing in it.
 */
export function sectionOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const titled = (section: string) => {
    const [title = ""] = section.split("\n");
    return title === version || title.startsWith(`${version} `);
  };
  const found = sections.filter(titled);
  const [section = ""] = found;
  const text = section.slice(section.indexOf("\n")).trim();
  if (found.length === 1 && section.includes("\n") && text !== "") return text;
  throw new RangeError(`CHANGELOG.md needs one section "## ${version}" with text in it`);
}
