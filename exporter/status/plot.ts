/** The points of a load balancer -> a small line plot with its numbers in words. */
import { countOf, durationInWords, numberInWords, UNKNOWN } from "./words.ts";

/** One value at a time; `undefined` is a gap. */
export interface PlotPoint {
  readonly atMs: number;
  readonly value: number | undefined;
}

export interface PlotOptions {
  /** `Requests per second`, for those who do not see the plot. Trusted text. */
  readonly title: string;
  /** `Requests/s`. Trusted text. */
  readonly caption: string;
  readonly points: readonly PlotPoint[];
  /** Time between two points; more than two of them without any is a gap too. */
  readonly intervalMs: number;
}

const WIDTH = 240;
const HEIGHT = 40;

/** A figure with the plot, from 0 to the largest value, and its smallest, largest and last value. */
export function plot(options: PlotOptions): string {
  const { caption: title, points } = options;
  const words = plotInWords(options);
  const numbers = valuesOf(points);
  const span = durationInWords((points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0));
  const caption = `<figcaption><b>${title}</b>, ${span}: ${numbersInWords(points)}</figcaption>`;
  if (numbers.length === 0) return `<figure>${caption}</figure>`;
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"`;
  const svg = `<svg role="img" aria-label="${words}" ${size}>${drawing(options)}</svg>`;
  return `<figure>${caption}${svg}</figure>`;
}

/** The plot for those who do not see it. */
export function plotInWords({ title, points }: Pick<PlotOptions, "title" | "points">): string {
  const from = clock(points[0]?.atMs);
  const to = clock(points.at(-1)?.atMs);
  const gaps = points.length - valuesOf(points).length;
  const unknown = gaps === 0 ? "" : `, ${countOf(gaps, "value")} not known`;
  return `${title} from ${from} to ${to} UTC: ${numbersInWords(points)}${unknown}`;
}

function numbersInWords(points: readonly PlotPoint[]): string {
  const numbers = valuesOf(points);
  if (numbers.length === 0) return "not known";
  const min = numberInWords(Math.min(...numbers));
  const max = numberInWords(Math.max(...numbers));
  const last = numberInWords(points.at(-1)?.value);
  return `min ${min}, max ${max}, last ${last === UNKNOWN ? "not known" : last}`;
}

function valuesOf(points: readonly PlotPoint[]): number[] {
  return points.flatMap(({ value }) => (value === undefined ? [] : [value]));
}

function clock(atMs: number | undefined): string {
  return atMs === undefined ? "" : new Date(atMs).toISOString().slice(11, 16);
}

/** Gaps as bands behind, runs of known values as lines, the last value as a dot of its own. */
function drawing({ points, intervalMs }: PlotOptions): string {
  const first = points[0]?.atMs ?? 0;
  const span = Math.max(1, (points.at(-1)?.atMs ?? 0) - first);
  const top = Math.max(...valuesOf(points), 0) || 1;
  const x = (atMs: number) => Math.round(((atMs - first) / span) * (WIDTH - 4)) + 2;
  // Two units above and below, so that a line on the edge is seen whole.
  const y = (value: number) => HEIGHT - 2 - Math.round((Math.max(0, value) / top) * (HEIGHT - 4));
  const runs = runsOf(points, 2 * intervalMs).map((run) =>
    run.map(({ atMs, value }) => [x(atMs), y(value)] as const),
  );
  return bands(runs) + runs.map(line).join("");
}

type Position = readonly [x: number, y: number];

function line(run: readonly Position[]): string {
  const [[x, y] = [0, 0]] = run;
  // A line of no length is drawn as a dot, by its round ends.
  if (run.length === 1) return `<path d="M${x} ${y}h0"/>`;
  const steps = run.slice(1).map(([toX, toY], i) => {
    const [fromX, fromY] = run[i] ?? [0, 0];
    const down = toY - fromY;
    return `${toX - fromX}${down < 0 ? "" : " "}${down}`;
  });
  return `<path d="M${x} ${y}l${steps.join(" ")}"/>`;
}

function bands(runs: readonly (readonly Position[])[]): string {
  const edges = [2, ...runs.flatMap((run) => [run[0]?.[0] ?? 0, run.at(-1)?.[0] ?? 0]), WIDTH - 2];
  return edges
    .flatMap((edge, i) => (i % 2 === 0 ? [[edge, edges[i + 1] ?? edge] as const] : []))
    .filter(([from, to]) => to > from)
    .map(([from, to]) => `<rect x="${from}" width="${to - from}" height="${HEIGHT}"/>`)
    .join("");
}

/** Stretches of known values that follow each other within `gapMs`. */
function runsOf(
  points: readonly PlotPoint[],
  gapMs: number,
): { readonly atMs: number; readonly value: number }[][] {
  const runs: { atMs: number; value: number }[][] = [];
  let open: { atMs: number; value: number }[] | undefined;
  for (const { atMs, value } of points) {
    if (value === undefined) {
      open = undefined;
      continue;
    }
    const follows = open !== undefined && atMs - (open.at(-1)?.atMs ?? atMs) <= gapMs;
    if (open === undefined || !follows) {
      open = [];
      runs.push(open);
    }
    open.push({ atMs, value });
  }
  return runs;
}
