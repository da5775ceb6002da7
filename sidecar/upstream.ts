/** One question to the application: an answer whose body still streams, or a failure with a reason. */
import { type Call, Dialer, type Target } from "./dial.ts";
import { requestBlock } from "./headers.ts";
import { BrokenOff, type WireAnswer } from "./wire-exchange.ts";

/** The application did not answer in time. */
export class UpstreamTimeout extends Error {
  override readonly name = "UpstreamTimeout";
}

/** The application did not answer. `refused` tells that nothing listens on its port. */
export class UpstreamUnreachable extends Error {
  override readonly name = "UpstreamUnreachable";
  readonly refused: boolean;
  constructor(message: string, options: { cause: unknown; refused: boolean }) {
    super(message, { cause: options.cause });
    this.refused = options.refused;
  }
}

export interface UpstreamRequest {
  readonly method: "GET" | "HEAD";
  /** Path and query: `/metrics?x=1`. */
  readonly path: string;
  /** The headers as they came from the scraper. */
  readonly headers: Headers;
  /** Limit for the whole answer, body included, in milliseconds. */
  readonly timeoutMs: number;
}

/** A question that was asked. */
export interface Asked {
  /** Rejects with {@link UpstreamTimeout} or {@link UpstreamUnreachable}; the body may break off later. */
  readonly answer: Promise<WireAnswer>;
  /** Nobody wants the answer any more. */
  abort(): void;
  /** The answer is whole or given up: the limit no longer runs. */
  done(): void;
  /** Whether the limit has passed. */
  readonly late: boolean;
}

export interface Upstream {
  ask(request: UpstreamRequest): Asked;
}

export interface UpstreamOptions {
  readonly target: Target;
  /** Marks what has passed this sidecar (`Via`, RFC 9110, 7.6.3). */
  readonly via: string;
}

/** The application. */
export function createUpstream({ target, via }: UpstreamOptions): Upstream {
  const dialer = new Dialer(target);
  const host = target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname;
  const replaced = { host: `${host}:${target.port}`, via };
  // The requests of one connection share their headers, and so what is sent for them.
  const sent = new WeakMap<Headers, { readonly line: string; readonly bytes: Uint8Array }>();
  const bytesOf = (headers: Headers, line: string): Uint8Array => {
    const known = sent.get(headers);
    if (known?.line === line) return known.bytes;
    const bytes = Buffer.from(`${line}${requestBlock(headers, replaced)}\r\n`, "latin1");
    sent.set(headers, { line, bytes });
    return bytes;
  };
  return {
    ask: ({ method, path, headers, timeoutMs }) => {
      const bytes = bytesOf(headers, `${method} ${path} HTTP/1.1\r\n`);
      return new Question(dialer.ask(bytes, method), { timeoutMs, host: replaced.host });
    },
  };
}

class Question implements Asked {
  readonly answer: Promise<WireAnswer>;
  readonly #call: Call;
  readonly #timer: ReturnType<typeof setTimeout>;
  #late = false;

  constructor(call: Call, { timeoutMs, host }: { timeoutMs: number; host: string }) {
    this.#call = call;
    const { promise, resolve, reject } = Promise.withResolvers<WireAnswer>();
    this.answer = promise;
    this.#timer = setTimeout(() => {
      this.#late = true;
      call.abort();
      // At once, because a connection that is still being made does not hear of the abort.
      reject(new UpstreamTimeout(`The application did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    call.answer.then(resolve, (cause: unknown) => {
      clearTimeout(this.#timer);
      const refused = errorCode(cause) === "ECONNREFUSED";
      const broken = cause instanceof BrokenOff && !cause.unanswered;
      const what = broken ? "broke its answer off" : "does not answer";
      reject(new UpstreamUnreachable(`The application at ${host} ${what}`, { cause, refused }));
    });
  }

  get late(): boolean {
    return this.#late;
  }

  abort(): void {
    clearTimeout(this.#timer);
    this.#call.abort();
  }

  done(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * How long the application may take: our own limit, or what the scraper announces
 * (`X-Prometheus-Scrape-Timeout-Seconds`) less half a second, as the blackbox exporter does, so that
 * the 504 still reaches it.
 */
export function deadlineFor(headers: Headers, limitMs: number): number {
  const announcedMs = announcedTimeoutMs(headers);
  if (announcedMs === undefined) return limitMs;
  return Math.max(1, Math.min(limitMs, announcedMs > 1000 ? announcedMs - 500 : announcedMs / 2));
}

/** The scrape timeout that a scraper announces, in milliseconds. */
export function announcedTimeoutMs(headers: Headers): number | undefined {
  const header = headers.get("x-prometheus-scrape-timeout-seconds");
  const ms = header === null ? 0 : Number(header) * 1000;
  return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
