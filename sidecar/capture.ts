/** The newest whole page of the application in each format that a scraper asked for. */
import { responseHeaders } from "./headers.ts";
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
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
  /** When the application was asked for it: milliseconds of the monotonic clock. */
  readonly asOfMs: number;
}

/** How one round of captures went: `refused` means that nothing listens on the port any more. */
export type CaptureOutcome = "whole" | "failed" | "refused";

export interface CaptureOptions {
  readonly upstream: Upstream;
  readonly timeoutMs: number;
  /** Largest page that is kept, in bytes. */
  readonly maxBytes: number;
  /** How the sidecar names itself to the application. */
  readonly userAgent: string;
  /** Asked for when no scraper was seen: plain text, which every scraper accepts. */
  readonly defaultPath: string;
  readonly nowMs: () => number;
}

/** As many as two servers with two protocols each ask for; beyond that the oldest is dropped. */
const MAX_FORMATS = 4;

/** Tells formats apart: path, negotiation, and credentials, so that no page crosses to another user. */
export function formatKey({ path, headers }: Format): string {
  const parts = ["accept", "accept-encoding", "authorization"].map((name) => headers.get(name));
  return JSON.stringify([path, ...parts]);
}

/** The formats that were asked for, and the newest page of each. */
export class Captures {
  readonly #options: CaptureOptions;
  readonly #formats = new Map<string, Format>();
  readonly #pages = new Map<string, Page>();

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Remembers a format that a scraper asked for. */
  want(format: Format): void {
    const key = formatKey(format);
    this.#formats.delete(key);
    this.#formats.set(key, format);
    const [oldest] = this.#formats.keys();
    if (this.#formats.size > MAX_FORMATS && oldest !== undefined) {
      this.#formats.delete(oldest);
      this.#pages.delete(oldest);
    }
  }

  /** Whether there is any page to give. */
  get any(): boolean {
    return this.#pages.size > 0;
  }

  /**
   * The page for a request: in its own format or, failing that, the plain default, which anybody may
   * have who sends no credentials.
   */
  pageFor(format: Format): Page | undefined {
    return this.page(formatKey(format)) ?? (hasCredentials(format) ? undefined : this.#default());
  }

  /** The page kept under a format's key. */
  page(key: string): Page | undefined {
    return this.#pages.get(key);
  }

  /** Asks the application for every format once. Never throws. */
  async round(): Promise<CaptureOutcome> {
    const outcomes: CaptureOutcome[] = [];
    for (const format of this.#wanted()) outcomes.push(await this.#capture(format));
    if (outcomes.every((outcome) => outcome === "whole")) return "whole";
    return outcomes.every((outcome) => outcome === "refused") ? "refused" : "failed";
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
    try {
      const answer = await upstream.ask({ method: "GET", path: format.path, headers, timeoutMs });
      const bytes = answer.ok ? await readWhole(answer, maxBytes) : undefined;
      if (bytes === undefined) return "failed";
      this.#pages.set(formatKey(format), {
        bytes,
        headers: responseHeaders(answer.headers),
        asOfMs,
      });
      return "whole";
    } catch (error) {
      return error instanceof UpstreamUnreachable && error.refused ? "refused" : "failed";
    }
  }
}

function hasCredentials({ headers }: Format): boolean {
  return headers.has("authorization");
}

/** The body, or `undefined` if it is larger than the limit. Throws if it breaks off. */
async function readWhole(
  answer: Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
