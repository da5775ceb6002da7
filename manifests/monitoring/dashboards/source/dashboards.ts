/** All dashboards, by their files: each in the folder of its product. */
import { exporter } from "./exporter.ts";
import { finalScrape } from "./final-scrape.ts";
import { loadBalancers } from "./load-balancers.ts";

export const DASHBOARDS: Readonly<Record<string, object>> = {
  "lb-exporter/load-balancers.json": loadBalancers,
  "final-scrape/final-scrape.json": finalScrape,
  "lb-exporter/exporter.json": exporter,
};
