/** Panels where a wrong colour would mislead: what each thinks of a value. */
const BALANCERS = "lb-exporter/load-balancers.json";
const EXPORTER = "lb-exporter/exporter.json";
const SCRAPES = "final-scrape/final-scrape.json";

const DAY = 86_400;

interface Judged {
  readonly file: string;
  readonly panel: string;
  /** The panel's field, where it is not its only one. */
  readonly field?: string;
  readonly colors: readonly (readonly [value: number | string, color: string])[];
}

const NONE_IS_GOOD = [
  [0, "green"],
  [1, "red"],
] as const;

const PAGE_AGE = [
  [60, "green"],
  [200, "orange"],
  [400, "red"],
] as const;

const ENDS_IN = [
  [-1, "red"],
  [3 * DAY, "red"],
  [10 * DAY, "orange"],
  [60 * DAY, "green"],
] as const;

const STATE = [
  ["1", "green"],
  ["0", "red"],
] as const;

/** Where a colour says whether a value is good: by thresholds, or by what a value is called. */
export const COLORS: readonly Judged[] = [
  { file: BALANCERS, panel: "Load balancers down", colors: NONE_IS_GOOD },
  { file: BALANCERS, panel: "Servers down", colors: NONE_IS_GOOD },
  { file: BALANCERS, panel: "Zones not answering", colors: NONE_IS_GOOD },
  { file: BALANCERS, panel: "Age of the page", colors: PAGE_AGE },
  { file: BALANCERS, panel: "State", colors: STATE },
  {
    file: BALANCERS,
    panel: "Load balancers",
    field: "State",
    colors: [
      ["UP", "green"],
      ["DOWN", "red"],
    ],
  },
  { file: EXPORTER, panel: "Certificate ends in", colors: ENDS_IN },
  { file: EXPORTER, panel: "Newest configuration is in force", colors: STATE },
  { file: SCRAPES, panel: "Certificate ends in", colors: ENDS_IN },
  { file: SCRAPES, panel: "Newest certificate is served", colors: STATE },
  {
    file: SCRAPES,
    panel: "Complete",
    colors: [
      [0.5, "red"],
      [0.97, "orange"],
      [1, "green"],
    ],
  },
];
