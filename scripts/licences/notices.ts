/** A component -> one text about everything that its executable holds beside this project's code. */
import { join } from "node:path";
import { bundledPackages } from "./bundle.ts";
import { LicenceError, type LicensedPackage, readPackage } from "./package.ts";

const ROOT = join(import.meta.dir, "../..");
const RULE = "-".repeat(100);

/** Bun's own page about what its runtime is made of, of the very version that is compiled in. */
const RUNTIME_PAGE = "node_modules/bun-types/docs/project/license.mdx";

const FRONT_MATTER = /^---\n[^]*?\n---\n+/;

/** Licences of libraries in the runtime that ask for their whole text; no package brings it. */
const TEXTS = join(import.meta.dir, "texts");
const WHOLE_TEXTS = ["LGPL-2", "LGPL-2.1"];

/** Throws a {@link LicenceError} that names every package that must not be in it. */
export async function renderNotices(component: string): Promise<string> {
  const packages = await readPackages(await bundledPackages(component));
  const list = packages.map(({ name, version, licence }) => `${name} ${version}: ${licence}`);
  const runtime = await renderRuntime();
  return [
    `Third-party software in the executable of ${component}.`,
    `${list.length} packages, and the runtime ${runtime.title}: MIT, with libraries of several licences.`,
    list.join("\n"),
    ...packages.flatMap(({ name, version, licence, texts }) => {
      return [RULE, `${name} ${version} (${licence})`, ...texts];
    }),
    RULE,
    runtime.text,
    "",
  ].join("\n\n");
}

/** Every one is looked at before it throws. */
async function readPackages(
  bundled: readonly { readonly directory: string }[],
): Promise<readonly LicensedPackage[]> {
  const results = await Promise.allSettled(
    bundled.map(({ directory }) => readPackage(join(ROOT, directory))),
  );
  const wrong = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  const other = wrong.find((reason) => !(reason instanceof LicenceError));
  if (other !== undefined) throw other;
  if (wrong.length > 0) throw new LicenceError(wrong.map(({ message }) => message).join("\n"));
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

async function renderRuntime(): Promise<{ readonly title: string; readonly text: string }> {
  const { version } = await Bun.file(join(ROOT, "node_modules/bun/package.json")).json();
  const page = await Bun.file(join(ROOT, RUNTIME_PAGE)).text();
  const facts = page
    .replace(FRONT_MATTER, "")
    .replaceAll(/ {2,}\|/g, " |")
    .replaceAll(/-{4,}/g, "---");
  const texts = WHOLE_TEXTS.map(async (name) => {
    return `${RULE}\n\n${name}\n\n${await Bun.file(join(TEXTS, `${name}.txt`)).text()}`;
  });
  return {
    title: `Bun ${version}`,
    text: [`Bun ${version}`, facts.trim(), ...(await Promise.all(texts))].join("\n\n"),
  };
}
