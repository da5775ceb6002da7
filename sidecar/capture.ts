/** The newest whole page of the application in each format that a scraper asked for. */

import type { HeaderBlock } from "./headers.ts";
import { readWhole } from "./read-whole.ts";
import type { Upstream } from "./upstream.ts";
import { UpstreamUnreachable } from "./upstream.ts";

/** One way to ask for the page. */
export interface Format {
  /** Path and query. */
  readonly path: string;
  /** The headers that a scraper sent with it. */
  readonly headers: Headers;
}

/** A whole answer of the application, ready to be given again. */
export interface Page {
  readonly bytes: Uint8Array;
  readonly headers: HeaderBlock;
  /** When the application was asked for it: milliseconds of the monotonic clock. */
  readonly asOfMs: number;
}

/**
 * How a round of captures went: `refused` nothing listens on the port any more, `too_large` a page was
 * larger than the limit, `failed` anything else but a whole 200.
 */
export type CaptureOutcome = "whole" | "failed" | "refused" | "too_large";

export interface CaptureOptions {
  readonly upstream: Upstream;
  readonly timeoutMs: number;
  /** Largest page that is kept, in bytes as encoded. */
  readonly maxBytes: number;
  /** How the sidecar names itself to the application. */
  readonly userAgent: string;
  /** Asked for when no scraper was seen: plain text, which every scraper accepts. */
  readonly defaultPath: string;
  readonly nowMs: () => number;
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

/**
 * Tells formats apart: path, negotiation, and whatever may tell who asks, so that no page crosses to
 * another user. The requests of one connection share their headers, so the key is made once for them.
 */
export function formatKey({ path, headers }: Format): string {
  const known = keys.get(headers);
  if (known?.path === path) return known.key;
  const asked = ["accept", "accept-encoding"].map((name) => headers.get(name));
  const key = JSON.stringify([path, ...asked, ...credentials(headers)]);
  keys.set(headers, { path, key });
  return key;
}

/** Headers by which applications tell users and tenants apart, by the words in their names. */
const CREDENTIAL = /auth|cookie|token|key|secret|session|tenant|org|account|user(?!-agent)/;

function credentials(headers: Headers): readonly (readonly [string, string])[] {
  return [...headers].filter(([name]) => CREDENTIAL.test(name));
}

/** A cache and nothing else: it holds no state that outlives its headers. */
const keys = new WeakMap<Headers, { readonly path: string; readonly key: string }>();

/** The formats that were asked for, and the newest pages of each. */
export class Captures {
  readonly #options: CaptureOptions;
  readonly #formats = new Map<string, Format>();
  readonly #pages = new Map<string, readonly Page[]>();
  #captured = false;
  #wantedLast: string | undefined;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Remembers a format that a scraper asked for. */
  want(key: string, format: Format): void {
    if (key === this.#wantedLast) return;
    this.#wantedLast = key;
    const known = this.#formats.delete(key);
    this.#formats.set(key, format);
    const [oldest] = this.#formats.keys();
    if (!known && this.#formats.size > MAX_FORMATS && oldest !== undefined) {
      this.#formats.delete(oldest);
      this.#pages.delete(oldest);
    }
  }

  /**
   * Whether a page was captured, by a round or by whoever called `keep` so. Pages that only passed by
   * on their way to a scraper tell nothing of what the application counted afterwards.
   */
  get any(): boolean {
    return this.#captured;
  }

  /** Whether a page is the newest one of any format. */
  isNewest(page: Page): boolean {
    return [...this.#pages.values()].some((pages) => pages.at(-1) === page);
  }

  /**
   * The page for a request: in its own format or, for one without credentials, another that was fetched
   * without any from the very same path and query.
   */
  pageFor(format: Format): Page | undefined {
    const own = this.page(formatKey(format));
    if (own !== undefined || hasCredentials(format)) return own;
    const open = [this.#defaultFormat(), ...this.#formats.values()].filter(
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
    return this.#pages.get(key) ?? [];
  }

  /** The formats that are asked for at each round, without headers and queries, which may hold secrets. */
  formats() {
    return this.#wanted().map((format) => ({
      path: format.path.split("?", 1)[0],
      accept: format.headers.get("accept"),
      encoding: format.headers.get("accept-encoding"),
      page: this.page(formatKey(format)),
    }));
  }

  /** Keeps a whole page, unless a newer one is there; `captured` if it was asked for at the pod's end. */
  keep(key: string, page: Page, captured: boolean): void {
    this.#captured ||= captured;
    const recent = this.recent(key);
    if ((recent.at(-1)?.asOfMs ?? Number.NEGATIVE_INFINITY) > page.asOfMs) return;
    const most = page.bytes.length > MAX_COMPARED_BYTES ? 1 : RECENT;
    this.#pages.set(key, [...recent, page].slice(-most));
    // Large pages come faster than the collector on its own gives their memory back.
    if (most === 1) Bun.gc(true);
  }

  /** Asks the application for every format once. Never throws. */
  async round(): Promise<CaptureOutcome> {
    const outcomes = await Promise.all(this.#wanted().map((format) => this.#capture(format)));
    const worst = outcomes.find((outcome) => outcome !== "whole");
    if (worst === undefined) return "whole";
    if (outcomes.every((outcome) => outcome === "refused")) return "refused";
    return outcomes.includes("too_large") ? "too_large" : "failed";
  }

  #wanted(): readonly Format[] {
    return this.#formats.size > 0 ? [...this.#formats.values()] : [this.#defaultFormat()];
  }

  #defaultFormat(): Format {
    return {
      path: this.#options.defaultPath,
      headers: new Headers({ accept: "text/plain;version=0.0.4", "accept-encoding": "identity" }),
    };
  }

  async #capture(format: Format): Promise<CaptureOutcome> {
    const { upstream, timeoutMs, maxBytes, userAgent, nowMs } = this.#options;
    const asOfMs = nowMs();
    const headers = new Headers(format.headers);
    headers.set("user-agent", userAgent);
    // A capture is the whole page or nothing.
    for (const name of PARTIAL) headers.delete(name);
    const asked = upstream.ask({ method: "GET", path: format.path, headers, timeoutMs });
    try {
      const { head, body } = await asked.answer;
      const whole = head.status === 200;
      const read = whole ? await readWhole(body, { maxBytes, length: head.length }) : undefined;
      if (read?.kind !== "whole") {
        asked.abort();
        return read === undefined ? "failed" : "too_large";
      }
      this.keep(formatKey(format), { bytes: read.bytes, headers: head.headers, asOfMs }, true);
      return "whole";
    } catch (error) {
      return error instanceof UpstreamUnreachable && error.refused ? "refused" : "failed";
    } finally {
      asked.done();
    }
  }
}

/** Headers that ask for less than the whole page (RFC 9110, 13 and 14). */
const PARTIAL = [
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
];

function hasCredentials({ headers }: Format): boolean {
  return credentials(headers).length > 0;
}
