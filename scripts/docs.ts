/**
 * Writes what the code knows into docs/: tables of flags, annotations and decisions, between markers that
 * name them. `bun scripts/docs.ts` writes, `bun scripts/docs.ts --check` ends with 1 where a page is out of date.
 */

import { definition as exporter } from "../exporter/config.ts";
import { definition as simulator } from "../exporter/ktcloud/simulator/config.ts";
import {
  balancerKnobRows,
  faultRows,
  knobRows,
  scopeRows,
} from "../exporter/ktcloud/simulator/knob-table.ts";
import { dependencies, devDependencies } from "../package.json" with { type: "json" };
import { renderTable } from "../shared/help.ts";
import { definition as sidecar } from "../sidecar/config.ts";
import { ANNOTATIONS } from "../webhook/annotations.ts";
import { definition as webhook } from "../webhook/config.ts";
import { RESERVED_PORTS } from "../webhook/meshes.ts";
import { TABLE } from "../webhook/rules.ts";
import { DEPENDENCY_COLUMNS, dependencyRows } from "./dependencies/table.ts";
import { exporterMetrics } from "./metrics-table.ts";

const METRIC_COLUMNS = ["metric", "type", "labels", "meaning"];

const TABLES: Readonly<Record<string, () => string>> = {
  "flags of sidecar": () => renderTable(sidecar),
  "flags of webhook": () => renderTable(webhook),
  "flags of exporter": () => renderTable(exporter),
  "inherited metrics": () => markdown(METRIC_COLUMNS, exporterMetrics("inherited")),
  "added metrics": () => markdown(METRIC_COLUMNS, exporterMetrics("added")),
  "flags of simulator": () => renderTable(simulator),
  "knobs of simulator": () => markdown(["knob", "default", "allowed", "meaning"], knobRows()),
  "knobs of a load balancer": () => markdown(["knob", "allowed", "meaning"], balancerKnobRows()),
  faults: () => markdown(["kind", "fields", "what happens"], faultRows()),
  "limits of faults": () => markdown(["field", "allowed", "meaning"], scopeRows()),
  annotations: () =>
    markdown(
      ["annotation", "default", "allowed", "meaning"],
      Object.values(ANNOTATIONS).map(({ key, standard, allowed, meaning }) => {
        return [`\`${key}\``, standard, allowed, meaning];
      }),
    ),
  decisions: () =>
    markdown(
      ["the pod, or the request", "outcome", "reason"],
      TABLE.map(({ when, outcome, reason, warns }) => {
        return [when, warns ? `${outcome}, warns` : outcome, `\`${reason}\``];
      }),
    ),
  "reserved ports": () =>
    markdown(
      ["mesh", "ports"],
      Object.entries(RESERVED_PORTS).map(([mesh, ports]) => [mesh, ports.join(", ")]),
    ),
  dependencies: () => markdown(DEPENDENCY_COLUMNS, dependencyRows(Object.keys(dependencies))),
  "development dependencies": () =>
    markdown(DEPENDENCY_COLUMNS, dependencyRows(Object.keys(devDependencies))),
};

/** The pages that hold such tables. */
export const PAGES = [
  "configuration.md",
  "injection.md",
  "exporter.md",
  "simulator.md",
  "dependencies.md",
].map((name) => `${import.meta.dir}/../docs/${name}`);

/** A Markdown table. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), `|${"---|".repeat(head.length)}`, ...rows.map(row)].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/**
 * A page with every table made anew, but those that are measured (`just sizes`). Throws a RangeError for a
 * marker that names none.
 */
export function renderPage(page: string): string {
  return page.replaceAll(/<!-- (?!end|measured)([^>]+) -->\n[^]*?<!-- end -->/g, (_old, name) => {
    const table = TABLES[String(name)];
    if (table === undefined) throw new RangeError(`No table is called "${name}"`);
    return `<!-- ${name} -->\n${table()}\n<!-- end -->`;
  });
}

async function main(): Promise<number> {
  let late = 0;
  for (const path of PAGES) {
    const page = await Bun.file(path).text();
    const rendered = renderPage(page);
    if (page === rendered) continue;
    if (!process.argv.includes("--check")) await Bun.write(path, rendered);
    else late += 1;
  }
  if (late > 0) console.error("docs/ is out of date: run 'just docs' and commit the result");
  return late > 0 ? 1 : 0;
}

if (import.meta.main) process.exit(await main());
