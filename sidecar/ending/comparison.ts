/** Two pages of one application -> what moved between them, and whether any of it would be missed. */
import { type Exposition, familyOf, parseExposition } from "./exposition.ts";
import { MAX_COMPARED_BYTES, type Page } from "./pages.ts";

/** What moved from one page to a later one. */
export interface Movement {
  /** Series that are new or have another value. */
  readonly series: number;
  /** Those of them whose loss somebody would miss. */
  readonly missed: number;
  /** Those of the missed that are no gauges: something was counted. */
  readonly counted: number;
  /** Increase of the user's counters, and of the counts of histograms and summaries, by family. */
  readonly increases: ReadonlyMap<string, number>;
}

/** What the runtime and the client library say of themselves: no user's counts. */
const RUNTIME = /^(process|go|python|jvm|nodejs|dotnet|ruby|promhttp)_/;

/**
 * Compares two pages. `recent` are pages captured shortly after each other, oldest first: a gauge that
 * moved at each of them will not stand still for anybody, and is left aside. So is what the runtime
 * counts of itself, and what is labelled with a metrics path, since asking for the page moves it.
 * Gives `undefined` where a page cannot be read: protobuf, an unknown encoding, or larger than
 * {@link MAX_COMPARED_BYTES}.
 */
export function compare(
  earlier: Page,
  later: Page,
  context: { readonly recent: readonly Page[]; readonly metricsPaths: readonly string[] },
): Movement | undefined {
  if (Buffer.compare(earlier.bytes, later.bytes) === 0) return NOTHING;
  const before = readPage(earlier);
  const after = readPage(later);
  if (before === undefined || after === undefined) return undefined;
  const restless = restlessSeries(context.recent);
  const scraping = context.metricsPaths.map((path) => `="${path}"`);
  const isOwn = (name: string) =>
    RUNTIME.test(name) || scraping.some((label) => name.includes(label));
  const moved = [...after.series].filter(
    ([name, value]) => !Object.is(value, before.series.get(name)),
  );
  const increases = new Map<string, number>();
  let missed = 0;
  let counted = 0;
  for (const [name, value] of moved) {
    if (isOwn(name)) continue;
    const family = familyOf(name, after.types);
    if (family.type !== "gauge" || !restless.has(name)) missed++;
    if (family.type !== "gauge") counted++;
    if (isCount(name, family.type)) {
      addIncrease(increases, family.name, value - (before.series.get(name) ?? 0));
    }
  }
  return { series: moved.length, missed, counted, increases };
}

const NOTHING: Movement = { series: 0, missed: 0, counted: 0, increases: new Map() };

/** Series that have another value in each page than in the one before it. */
function restlessSeries(recent: readonly Page[]): ReadonlySet<string> {
  const pages = recent.map(readPage);
  const [first, ...rest] = pages;
  if (first === undefined || rest.length < 2) return new Set();
  const moves = (name: string) =>
    rest.every((page, i) => !Object.is(page?.series.get(name), pages[i]?.series.get(name)));
  return new Set([...first.series.keys()].filter(moves));
}

/** Whether a series counts events: a counter, or how often a histogram or summary observed. */
function isCount(series: string, type: string): boolean {
  if (type === "counter") return !/_created(\{|$)/.test(series);
  return (type === "histogram" || type === "summary") && /_count(\{|$)/.test(series);
}

function addIncrease(increases: Map<string, number>, family: string, increase: number): void {
  // A counter that fell was reset, and everything since then is increase.
  increases.set(family, (increases.get(family) ?? 0) + Math.max(0, increase));
}

/** The page's series, if it is text in an encoding that we know. */
function readPage({ bytes, headers }: Page): Exposition | undefined {
  const type = headers.get("content-type") ?? "text/plain";
  if (!/^(text\/plain|application\/openmetrics-text)\b/i.test(type)) return undefined;
  const encoding = (headers.get("content-encoding") ?? "identity").toLowerCase();
  try {
    const plain = encoding === "gzip" ? gunzip(bytes) : encoding === "identity" ? bytes : undefined;
    if (plain === undefined || plain.length > MAX_COMPARED_BYTES) return undefined;
    return parseExposition(new TextDecoder().decode(plain));
  } catch {
    return undefined; // Bytes that are not what their headers say.
  }
}

/** The decoded page, unless it is too large: its length stands in the last four bytes (RFC 1952, 2.3.1). */
function gunzip(bytes: Uint8Array): Uint8Array | undefined {
  const size = Buffer.from(bytes).readUInt32LE(bytes.length - 4);
  return size > MAX_COMPARED_BYTES ? undefined : Bun.gunzipSync(new Uint8Array(bytes));
}
