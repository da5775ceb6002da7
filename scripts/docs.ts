/**
 * Writes what the code knows into docs/: the tables of flags, between markers that name a component.
 * `bun scripts/docs.ts` writes, `bun scripts/docs.ts --check` ends with 1 where a page is out of date.
 */
import { definition as exporter } from "../exporter/config.ts";
import type { Program } from "../shared/flags.ts";
import { renderTable } from "../shared/help.ts";
import { definition as sidecar } from "../sidecar/config.ts";
import { definition as webhook } from "../webhook/config.ts";

const PROGRAMS: Readonly<Record<string, Program>> = { sidecar, webhook, exporter };

const PAGE = `${import.meta.dir}/../docs/configuration.md`;

/** The page with every table made anew. Throws a RangeError for a marker that names no component. */
export function renderPage(page: string): string {
  return page.replaceAll(
    /(?<=<!-- flags of (\S+) -->\n)[\s\S]*?(?=\n<!-- end -->)/g,
    (_old, name) => {
      const program = PROGRAMS[String(name)];
      if (program === undefined) throw new RangeError(`No component is called "${name}"`);
      return renderTable(program);
    },
  );
}

async function main(): Promise<number> {
  const page = await Bun.file(PAGE).text();
  const rendered = renderPage(page);
  if (process.argv.includes("--check")) {
    if (page === rendered) return 0;
    console.error("docs/configuration.md is out of date: run 'just docs' and commit the result");
    return 1;
  }
  await Bun.write(PAGE, rendered);
  return 0;
}

if (import.meta.main) process.exit(await main());
