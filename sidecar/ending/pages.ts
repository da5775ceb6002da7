/** The pages that are kept for the end: the newest whole ones in each format that a scraper has asked for. */

/** One way to ask for the page. */
export interface Format {
  /** Path and query. */
  readonly path: string;
  /** The headers that a scraper sent with it. */
  readonly headers: Headers;
}

/** A whole answer of the application, ready to be given again. */
export interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
  /** When the application was asked for it: milliseconds of the monotonic clock. */
  readonly asOfMs: number;
}

/** As many as two servers with two protocols each ask for; beyond that the oldest is dropped. */
const MAX_FORMATS = 4;

/**
 * Pages larger than this, as encoded or decoded, are not compared with each other: their series would
 * take many times their size in memory.
 */
export const MAX_COMPARED_BYTES = 4 * 1024 * 1024;

/** Pages of each format that are kept to tell what never stands still. */
const RECENT = 3;

/** Gaps between captures that are remembered, to tell the usual one. */
const GAPS = 64;

/**
 * Tells formats apart: path, negotiation, and whatever may tell who asks, so that no page crosses to
 * another user.
 */
export function formatKey({ path, headers }: Format): string {
  let key = `${path}\n${headers.get("accept")}\n${headers.get("accept-encoding")}`;
  for (const [name, value] of headers) {
    if (isCredential(name)) key += `\n${name}: ${value}`;
  }
  return key;
}

/** Headers by which applications tell users and tenants apart, by the words in their names. */
const CREDENTIAL = /auth|cookie|token|key|secret|session|tenant|org|account|user(?!-agent)/;

/** What was found of names: every scrape has the same few. A cache and nothing else, and bounded. */
const known = new Map<string, boolean>();

function isCredential(name: string): boolean {
  const found = known.get(name);
  if (found !== undefined) return found;
  const is = CREDENTIAL.test(name);
  if (known.size < 100) known.set(name, is);
  return is;
}

function hasCredentials({ headers }: Format): boolean {
  return [...headers.keys()].some(isCredential);
}

interface Kept {
  /** Oldest first. */
  pages: readonly Page[];
  /** Between the times at which whole captures were asked for, newest last: since the pod began to end, and before. */
  gapsMs: readonly number[];
  backgroundGapsMs: readonly number[];
  capturedMs: number | undefined;
  /** How long the quickest capture took. */
  quickestMs: number;
  /** Answers to captures since the newest page that were no whole page. */
  spoiled: number;
}

/** The formats that were asked for, and what is kept of each. */
export class Pages {
  readonly #default: Format;
  readonly #formats = new Map<string, Format>();
  readonly #kept = new Map<string, Kept>();
  #wantedLast: string | undefined;
  #captured = false;
  #closedMs: number | undefined;

  /** `defaultPath` is asked for as long as no scraper was seen: in plain text, which every scraper accepts. */
  constructor(defaultPath: string) {
    const headers = { accept: "text/plain;version=0.0.4", "accept-encoding": "identity" };
    this.#default = { path: defaultPath, headers: new Headers(headers) };
  }

  /** Remembers a format that a scraper asked for. */
  want(key: string, format: Format): void {
    if (key === this.#wantedLast) return;
    this.#wantedLast = key;
    const isKnown = this.#formats.delete(key);
    this.#formats.set(key, format);
    const [oldest] = this.#formats.keys();
    if (!isKnown && this.#formats.size > MAX_FORMATS && oldest !== undefined) {
      this.#formats.delete(oldest);
      this.#kept.delete(oldest);
    }
  }

  /** The formats to capture. */
  wanted(): readonly Format[] {
    return this.#formats.size > 0 ? [...this.#formats.values()] : [this.#default];
  }

  isWanted(format: Format): boolean {
    return this.#formats.size === 0
      ? format === this.#default
      : this.#formats.has(formatKey(format));
  }

  /**
   * Whether a page was captured. Those that only passed by on their way to a scraper while the pod lived
   * tell nothing of what the application counted afterwards.
   */
  get captured(): boolean {
    return this.#captured;
  }

  /** When the application's port refused first since its last whole answer. */
  get closedMs(): number | undefined {
    return this.#closedMs;
  }

  /** Keeps a whole page that passed by, unless a newer one is there. */
  keep(key: string, page: Page): void {
    this.#add(key, page, 1);
  }

  /** Keeps a page that was asked for on the sidecar's own account, or as good as that, and took so long. */
  capture(key: string, page: Page, tookMs: number): void {
    this.#captured = true;
    const kept = this.#of(key);
    kept.quickestMs = Math.min(kept.quickestMs, tookMs);
    const gapMs = page.asOfMs - (kept.capturedMs ?? Number.NaN);
    if (gapMs > 0) kept.gapsMs = [...kept.gapsMs, gapMs].slice(-GAPS);
    kept.capturedMs = Math.max(kept.capturedMs ?? 0, page.asOfMs);
    const isLarge = page.bytes.length > MAX_COMPARED_BYTES;
    this.#add(key, page, isLarge ? 1 : RECENT);
    // Large pages come faster than the collector on its own gives their memory back.
    if (isLarge) Bun.gc(true);
  }

  /** A capture was answered, but not by a whole page. */
  spoiled(key: string): void {
    this.#of(key).spoiled++;
  }

  /** The application's port refused. */
  refused(nowMs: number): void {
    this.#closedMs ??= nowMs;
  }

  /** The pod begins to end: gaps are counted anew. */
  begin(): void {
    for (const kept of this.#kept.values()) {
      kept.backgroundGapsMs = kept.gapsMs;
      kept.gapsMs = [];
      kept.capturedMs = undefined;
    }
  }

  /** Whether a page is the newest one of any format. */
  isNewest(page: Page): boolean {
    return [...this.#kept.values()].some(({ pages }) => pages.at(-1) === page);
  }

  /**
   * The page for a request: in its own format or, for one without credentials, another that was fetched
   * without any from the very same path and query.
   */
  pageFor(format: Format): Page | undefined {
    const own = this.page(formatKey(format));
    if (own !== undefined || hasCredentials(format)) return own;
    const open = [this.#default, ...this.#formats.values()].filter(
      (other) => other.path === format.path && !hasCredentials(other),
    );
    return open.map((other) => this.page(formatKey(other))).find((page) => page !== undefined);
  }

  /** The newest page kept under a format's key. */
  page(key: string): Page | undefined {
    return this.recent(key).at(-1);
  }

  /** The pages kept under a format's key, oldest first. */
  recent(key: string): readonly Page[] {
    return this.#kept.get(key)?.pages ?? [];
  }

  /** Milliseconds between the times at which whole captures were asked for, newest last: of the end, or of before it. */
  gapsMs(key: string, when: "ending" | "before" = "ending"): readonly number[] {
    const { gapsMs = [], backgroundGapsMs = [] } = this.#kept.get(key) ?? {};
    return when === "ending" ? gapsMs : backgroundGapsMs;
  }

  /** How long the quickest capture took, in milliseconds; 0 if there was none. */
  quickestMs(key: string): number {
    const { quickestMs = Number.POSITIVE_INFINITY } = this.#kept.get(key) ?? {};
    return Number.isFinite(quickestMs) ? quickestMs : 0;
  }

  /** Whether the newest page was the last answer that a capture got. */
  isLastWord(key: string): boolean {
    return this.#kept.get(key)?.spoiled === 0;
  }

  #add(key: string, page: Page, most: number): void {
    const kept = this.#of(key);
    if ((kept.pages.at(-1)?.asOfMs ?? Number.NEGATIVE_INFINITY) > page.asOfMs) return;
    kept.pages = most === 1 ? [page] : [...kept.pages, page].slice(-most);
    kept.spoiled = 0;
    if (page.asOfMs > (this.#closedMs ?? 0)) this.#closedMs = undefined;
  }

  #of(key: string): Kept {
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    const fresh: Kept = {
      pages: [],
      gapsMs: [],
      backgroundGapsMs: [],
      capturedMs: undefined,
      quickestMs: Number.POSITIVE_INFINITY,
      spoiled: 0,
    };
    this.#kept.set(key, fresh);
    return fresh;
  }
}
