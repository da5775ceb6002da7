/** The kinds of panels that the dashboards have, each set up once. */
import { createPanel, type Panel, type PanelFacts } from "./panel.ts";

const TOOLTIP = { mode: "multi", sort: "desc" };

/**
 * One number, or the name of a series. It asks for this moment: the last of a range would be shown
 * for hours after its series has ended.
 */
export function stat(facts: PanelFacts & { readonly shows?: "value" | "name" }): Panel {
  return createPanel(facts, {
    type: "stat",
    height: 4,
    instant: true,
    format: "time_series",
    options: {
      colorMode: "value",
      graphMode: "none",
      justifyMode: "auto",
      orientation: "auto",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      textMode: facts.shows ?? "value",
      wideLayout: true,
      percentChangeColorMode: "standard",
      showPercentChange: false,
    },
  });
}

/** Lines over time; `stacked` as bars where the sum has a meaning. */
export function lines(facts: PanelFacts & { readonly stacked?: boolean }): Panel {
  const { stacked = false } = facts;
  return createPanel(facts, {
    type: "timeseries",
    height: 8,
    tellsApart: true,
    instant: false,
    format: "time_series",
    custom: {
      drawStyle: stacked ? "bars" : "line",
      lineWidth: 1,
      fillOpacity: stacked ? 70 : 8,
      gradientMode: "none",
      showPoints: "auto",
      pointSize: 4,
      // A gap is a fact: it was not known then.
      spanNulls: false,
      insertNulls: false,
      axisPlacement: "auto",
      axisSoftMin: 0,
      stacking: { mode: stacked ? "normal" : "none", group: "A" },
      thresholdsStyle: { mode: facts.steps === undefined ? "off" : "dashed" },
    },
    options: {
      legend: {
        displayMode: "table",
        placement: "bottom",
        showLegend: true,
        calcs: ["lastNotNull", "max"],
        sortBy: "Max",
        sortDesc: true,
      },
      tooltip: TOOLTIP,
    },
  });
}

/** One bar over time for each series, in the colours of its states. */
export function states(facts: PanelFacts): Panel {
  return createPanel(facts, {
    type: "state-timeline",
    height: 8,
    instant: false,
    format: "time_series",
    custom: { fillOpacity: 75, lineWidth: 0 },
    options: {
      mergeValues: true,
      showValue: "never",
      alignValue: "left",
      rowHeight: 0.8,
      perPage: 20,
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: TOOLTIP,
    },
  });
}

/** Buckets of a histogram over time. */
export function heatmap(facts: PanelFacts): Panel {
  return createPanel(facts, {
    type: "heatmap",
    height: 8,
    instant: false,
    format: "heatmap",
    custom: { scaleDistribution: { type: "linear" } },
    options: {
      calculate: false,
      showValue: "never",
      cellGap: 1,
      color: {
        mode: "scheme",
        scheme: "Oranges",
        fill: "dark-orange",
        steps: 64,
        exponent: 0.5,
        reverse: false,
      },
      filterValues: { le: 1e-9 },
      rowsFrame: { layout: "auto" },
      exemplars: { color: "rgba(255,0,255,0.7)" },
      legend: { show: true },
      tooltip: { mode: "single", yHistogram: false, showColorScale: true },
      yAxis: { axisPlacement: "left", unit: facts.unit, reverse: false },
    },
  });
}

interface TableFacts extends PanelFacts {
  /** Labels that are columns, in their order, with their headings; others are hidden. */
  readonly columns: Readonly<Record<string, string>>;
  /** Labels that tell rows apart and are not shown. */
  readonly hidden?: readonly string[];
  /** Heading of the column to sort by. */
  readonly sortBy: string;
  readonly descending?: boolean;
}

/** The queries of this moment side by side: rows by the labels that all of them have. */
export function table(facts: TableFacts): Panel {
  const { queries, columns, hidden = [], sortBy, descending = false } = facts;
  const values = queries.map((query, index): [string, string] => [
    queries.length === 1 ? "Value" : `Value #${String.fromCharCode(65 + index)}`,
    query.legend ?? "",
  ]);
  const shown = [...Object.entries(columns), ...values.filter(([, heading]) => heading !== "")];
  const unshown = values.filter(([, heading]) => heading === "").map(([name]) => name);
  const organize = {
    indexByName: Object.fromEntries(shown.map(([name], index) => [name, index])),
    renameByName: Object.fromEntries(shown),
    excludeByName: Object.fromEntries(
      ["Time", ...hidden, ...unshown].map((name) => [name, true] as const),
    ),
  };
  return createPanel(facts, {
    type: "table",
    height: 9,
    instant: true,
    format: "table",
    custom: { align: "auto", cellOptions: { type: "auto" }, filterable: true, inspect: false },
    options: {
      frameIndex: 0,
      cellHeight: "sm",
      showHeader: true,
      sortBy: [{ displayName: sortBy, desc: descending }],
    },
    transformations: [
      { id: "merge", options: {} },
      { id: "organize", options: organize },
    ],
  });
}

/** One bar for each series of this moment. */
export function bars(facts: PanelFacts): Panel {
  return createPanel(facts, {
    type: "bargauge",
    height: 8,
    instant: true,
    format: "time_series",
    options: {
      displayMode: "basic",
      orientation: "horizontal",
      valueMode: "color",
      namePlacement: "auto",
      showUnfilled: true,
      sizing: "auto",
      minVizHeight: 16,
      minVizWidth: 8,
      maxVizHeight: 300,
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      legend: { displayMode: "list", placement: "bottom", showLegend: false, calcs: [] },
    },
  });
}
