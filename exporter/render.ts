/** What is known of a zone -> the text of one page, in the Prometheus text format 0.0.4. */
import { Registry } from "prom-client";
import { addAdditions } from "./additions.ts";
import type { PageFacts } from "./facts.ts";
import { addInherited } from "./inherited.ts";

/** Media type of every page. */
export const PAGE_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Renders a page: the inherited metrics first, then our own. */
export async function renderPage(facts: PageFacts): Promise<string> {
  // A registry for each page, so that no series outlives what it tells of.
  const registry = new Registry();
  addInherited(registry, facts);
  addAdditions(registry, facts);
  return await registry.metrics();
}
