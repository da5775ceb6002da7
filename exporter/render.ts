/** What is known of the zones -> the text of one page in both formats, or the page of a standby. */
import { additionalFamilies, leaderFamily, snapshotFamilies } from "./additions.ts";
import { type Family, FORMATS, type Format, renderFamilies } from "./exposition.ts";
import type { PageFacts } from "./facts.ts";
import { inheritedFamilies } from "./inherited.ts";

/** One page in each format: the same samples. */
export type PageTexts = Readonly<Record<Format, string>>;

/** Renders a page: the inherited metrics first, then our own. */
export function renderPage(facts: PageFacts): PageTexts {
  const families = [...inheritedFamilies(facts), ...additionalFamilies(facts)];
  return inFormats([...families, ...snapshotFamilies(families, facts.builtAtMs)]);
}

/** The page of an exporter that stands by: it collects nothing, and shows nothing that another one shows. */
export function renderStandbyPage(): PageTexts {
  return inFormats([leaderFamily(false)]);
}

function inFormats(families: readonly Family[]): PageTexts {
  return Object.fromEntries(
    FORMATS.map((format) => [format, renderFamilies(families, format)]),
  ) as PageTexts;
}
