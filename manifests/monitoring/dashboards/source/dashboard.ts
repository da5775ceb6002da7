/** Rows of panels -> a whole dashboard, with every panel at its place. */
import type { Panel } from "./panel.ts";
import { DATA_SOURCE_VARIABLE, DOCS_VARIABLE } from "./variables.ts";

/** What all of these dashboards are found by. */
const TAG = "prometheus-whole-scrape";

const COLUMNS = 24;

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

interface DashboardFacts {
  /** Stays as it is: links and favourites go by it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly from: string;
  readonly variables: readonly object[];
  /** Pages of the documentation beside the runbooks: title and path below docs/. */
  readonly pages: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** A dashboard of schema 41 (Grafana 11.6 and later; earlier ones of 11 read it, too). */
export function createDashboard(facts: DashboardFacts): object {
  const { uid, title, description, tags, from, variables, pages, rows } = facts;
  return {
    uid,
    title,
    description,
    tags: [TAG, ...tags],
    schemaVersion: 41,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: "browser",
    time: { from, to: "now" },
    refresh: "1m",
    fiscalYearStartMonth: 0,
    weekStart: "",
    liveNow: false,
    annotations: { list: [] },
    links: [
      siblings(),
      documentation("Runbooks", "runbooks.md"),
      ...Object.entries(pages).map(([name, path]) => documentation(name, path)),
    ],
    templating: { list: [DATA_SOURCE_VARIABLE, ...variables, DOCS_VARIABLE] },
    panels: layOut(rows),
  };
}

function siblings(): object {
  return {
    type: "dashboards",
    title: "Dashboards",
    icon: "external link",
    tooltip: "",
    url: "",
    tags: [TAG],
    asDropdown: true,
    includeVars: false,
    keepTime: true,
    targetBlank: false,
  };
}

function documentation(title: string, path: string): object {
  return {
    type: "link",
    title,
    icon: "doc",
    tooltip: "",
    url: `\${docs}/${path}`,
    tags: [],
    asDropdown: false,
    includeVars: false,
    keepTime: false,
    targetBlank: true,
  };
}

/** Each row below the one before it; in a row from left to right, and on to the next line where it is full. */
function layOut(rows: readonly Row[]): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    placed.push({
      id: placed.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos,
      panels: [],
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const { size, ...panel } of panels) {
      if (x + size.w > COLUMNS) {
        y += height;
        [x, height] = [0, 0];
      }
      placed.push({ id: placed.length + 1, ...panel, gridPos: { x, y, ...size } });
      x += size.w;
      height = Math.max(height, size.h);
    }
    y += height;
  }
  return placed;
}
