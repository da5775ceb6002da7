/** The newest whole page of the application in each format that a scraper asked for. */

import type { HeaderBlock } from "./headers.ts";
import type { Upstream } from "./upstream.ts";
import { UpstreamUnreachable } from "./upstream.ts";
import type { WireAnswer } from "./wire-exchange.ts";

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
 * larger than the limit, `failed` anything else but a whole 2xx answer.
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
 * Tells formats apart: path, negotiation, and credentials, so that no page crosses to another user.
 * The requests of one connection share their headers, so the key is made once for all of them.
 */
export function formatKey({ path, headers }: Format): string {
  const known = keys.get(headers);
  if (known?.path === path) return known.key;
  const parts = ["accept", "accept-encoding", "authorization"].map((name) => headers.get(name));
  const key = JSON.stringify([path, ...parts]);
  keys.set(headers, { path, key });
  return key;
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
   * The page for a request: in its own format or, failing that, the plain default, which anybody may
   * have who sends no credentials.
   */
  pageFor(format: Format): Page | undefined {
    return this.page(formatKey(format)) ?? (hasCredentials(format) ? undefined : this.#default());
  }

  /** The newest page kept under a format's key. */
  page(key: string): Page | undefined {
    return this.recent(key).at(-1);
  }

  /** The pages kept under a format's key, oldest first. */
  recent(key: string): readonly Page[] {
    return this.#pages.get(key) ?? [];
  }

  /** The formats that are asked for at each round, without the credentials that they may hold. */
  formats() {
    return this.#wanted().map((format) => ({
      path: format.path,
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

  #default(): Page | undefined {
    const open = [...this.#formats.values()].find((format) => !hasCredentials(format));
    return this.page(formatKey(this.#defaultFormat())) ?? (open && this.page(formatKey(open)));
  }

  async #capture(format: Format): Promise<CaptureOutcome> {
    const { upstream, timeoutMs, maxBytes, userAgent, nowMs } = this.#options;
    const asOfMs = nowMs();
    const headers = new Headers(format.headers);
    headers.set("user-agent", userAgent);
    const asked = upstream.ask({ method: "GET", path: format.path, headers, timeoutMs });
    try {
      const { head, body } = await asked.answer;
      const whole = head.status >= 200 && head.status < 300;
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

function hasCredentials({ headers }: Format): boolean {
  return headers.has("authorization");
}

/** A body that was read: all of it, or what came until the limit and the rest still to come. */
export type Read =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "large"; readonly all: AsyncIterable<Uint8Array> };

export interface ReadOptions {
  readonly maxBytes: number;
  /** The body's length where it is known: room is made once, instead of piece by piece. */
  readonly length: number | undefined;
}

/** Reads a body of at most `maxBytes`. Throws if it breaks off before. */
export async function readWhole(
  body: WireAnswer["body"],
  { maxBytes, length }: ReadOptions,
): Promise<Read> {
  if (body === undefined) return { kind: "whole", bytes: new Uint8Array() };
  if (body instanceof Uint8Array) {
    const fits = body.length <= maxBytes;
    return fits ? { kind: "whole", bytes: body } : { kind: "large", all: only(body) };
  }
  const source = body[Symbol.asyncIterator]();
  if (length !== undefined && length <= maxBytes) {
    return { kind: "whole", bytes: await readKnown(source, length) };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await source.next();
    if (next.done) return { kind: "whole", bytes: Buffer.concat(chunks) };
    chunks.push(next.value);
    size += next.value.length;
    if (size > maxBytes) return { kind: "large", all: goOn(chunks, source) };
  }
}

async function readKnown(source: AsyncIterator<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let size = 0;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    bytes.set(next.value, size);
    size += next.value.length;
  }
  return bytes;
}

// oxlint-disable-next-line typescript/require-await -- an async iterable is what a stream is
async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* goOn(
  chunks: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (;;) {
      const next = await source.next();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await source.return?.();
  }
}
