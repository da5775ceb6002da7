/** What a panel shows, in few words -> the panel as Grafana's dashboard schema has it. */

/** One query. `legend` names its series; in a table the column of its value. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

/** Colours from a value on, the first one from minus infinity. */
export type Steps = readonly (readonly [from: number | null, color: string])[];

/** What a value is called, and its colour. */
export type Words = Readonly<Record<string, readonly [text: string, color: string]>>;

/** How a field that is not like the others is shown. */
interface Field {
  readonly unit?: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  readonly words?: Words;
  readonly color?: string;
  /** Colours the text of a table's cell by steps or words. */
  readonly colored?: boolean;
  readonly link?: { readonly title: string; readonly url: string };
}

/** What all kinds of panels have. */
export interface PanelFacts extends Field {
  readonly title: string;
  /** What it means, and what to think of it. */
  readonly description: string;
  readonly unit: string;
  /** What stands there while it is not known. */
  readonly noValue?: string;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
  /** In rows of 30 pixels. */
  readonly height?: number;
  readonly min?: number;
  readonly max?: number;
  /** By the name of the series, or of the column. */
  readonly fields?: Readonly<Record<string, Field>>;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly datasource: typeof DATASOURCE;
  readonly editorMode: "code";
  readonly legendFormat: string;
  readonly format: "time_series" | "table" | "heatmap";
  readonly instant: boolean;
  readonly range: boolean;
}

/** A panel without its place. */
export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: typeof DATASOURCE;
  readonly targets: readonly Target[];
  readonly fieldConfig: { readonly defaults: object; readonly overrides: readonly object[] };
  readonly options: object;
  readonly transformations?: readonly object[];
  readonly size: { readonly w: number; readonly h: number };
}

/** Never a data source by its uid: each Grafana has its own. */
export const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

interface Kind {
  readonly type: string;
  readonly height: number;
  readonly instant: boolean;
  readonly format: Target["format"];
  /** Whether its colours tell series apart, so that they cannot judge values. */
  readonly tellsApart?: boolean;
  readonly custom?: object;
  readonly options: object;
  readonly transformations?: readonly object[];
}

/** One panel of a kind. */
export function createPanel(facts: PanelFacts, kind: Kind): Panel {
  const { title, description, queries, width, height = kind.height, fields = {} } = facts;
  const { custom, transformations } = kind;
  return {
    type: kind.type,
    title,
    description,
    datasource: DATASOURCE,
    targets: queries.map((query, index) => createTarget(query, index, kind)),
    fieldConfig: {
      defaults: { ...createDefaults(facts, kind), ...(custom === undefined ? {} : { custom }) },
      overrides: Object.entries(fields).map(([name, field]) => ({
        matcher: { id: "byName", options: name },
        properties: createProperties(field),
      })),
    },
    options: kind.options,
    ...(transformations === undefined ? {} : { transformations }),
    size: { w: width, h: height },
  };
}

function createTarget({ expr, legend = "" }: Query, index: number, kind: Kind): Target {
  return {
    refId: String.fromCharCode(65 + index),
    expr,
    datasource: DATASOURCE,
    editorMode: "code",
    legendFormat: kind.format === "table" ? "__auto" : legend,
    format: kind.format,
    instant: kind.instant,
    range: !kind.instant,
  };
}

function createDefaults(facts: PanelFacts, { tellsApart = false }: Kind): object {
  const { unit, decimals, min, max, noValue, steps, words, link } = facts;
  return {
    unit,
    ...(decimals === undefined ? {} : { decimals }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(noValue === undefined ? {} : { noValue }),
    color: (tellsApart ? undefined : createColor(facts)) ?? { mode: "palette-classic" },
    mappings: words === undefined ? [] : createMappings(words),
    thresholds: createThresholds(steps ?? [[null, words === undefined ? "green" : "text"]]),
    ...(link === undefined ? {} : { links: [link] }),
  };
}

/** A colour of its own, or that of its value; `undefined` where neither is said. */
function createColor({ color, steps, words }: Field): object | undefined {
  if (color !== undefined) return { mode: "fixed", fixedColor: color };
  return steps === undefined && words === undefined ? undefined : { mode: "thresholds" };
}

function createProperties(field: Field): readonly object[] {
  const { unit, decimals, steps, words, colored, link } = field;
  const properties: readonly (readonly [string, unknown])[] = [
    ["unit", unit],
    ["decimals", decimals],
    ["color", createColor(field)],
    ["mappings", words === undefined ? undefined : createMappings(words)],
    ["thresholds", steps === undefined ? undefined : createThresholds(steps)],
    ["custom.cellOptions", colored === true ? { type: "color-text" } : undefined],
    ["links", link === undefined ? undefined : [link]],
  ];
  return properties.flatMap(([id, value]) => (value === undefined ? [] : [{ id, value }]));
}

function createMappings(words: Words): readonly object[] {
  const options = Object.fromEntries(
    Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
  );
  return [{ type: "value", options }];
}

function createThresholds(steps: Steps): object {
  return { mode: "absolute", steps: steps.map(([value, color]) => ({ value, color })) };
}
