/** One question to the application: an answer whose body still streams, or a failure with a reason. */
import { requestHeaders } from "./headers.ts";

/** The application did not answer in time. */
export class UpstreamTimeout extends Error {
  override readonly name = "UpstreamTimeout";
}

/** Why there is no whole answer: nothing listens on the port; none came; or it broke off after its head. */
export type Fault = "refused" | "unreachable" | "broken";

/** The application gave no whole answer. */
export class UpstreamUnreachable extends Error {
  override readonly name = "UpstreamUnreachable";
  readonly fault: Fault;
  constructor(message: string, options: { cause: unknown; fault: Fault }) {
    super(message, { cause: options.cause });
    this.fault = options.fault;
  }
}

export interface Question {
  readonly method: "GET" | "HEAD";
  /** Path and query: `/metrics?x=1`. */
  readonly path: string;
  /** The headers as they came from the scraper. */
  readonly headers: Headers;
  /** Limit for the whole answer, body included, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts when nobody wants the answer any more. */
  readonly signal?: AbortSignal;
}

/** A question that was asked. Whoever asked calls `end` when the body is whole, or `abort` to give it up. */
export interface Asked {
  /** Rejects with {@link UpstreamTimeout} or {@link UpstreamUnreachable}. */
  readonly response: Promise<Response>;
  /** What it means that the answer failed after its head. */
  broken(cause: unknown): UpstreamTimeout | UpstreamUnreachable;
  /** The limit no longer runs. */
  end(): void;
  /** What has not arrived is not wanted. */
  abort(): void;
}

export interface Upstream {
  ask(question: Question): Asked;
}

export interface UpstreamOptions {
  /** `http://127.0.0.1:9090`, without a path. */
  readonly origin: string;
  /** Whether a certificate has to be valid; not so on this pod's own loopback. */
  readonly verify: boolean;
  /** Names this sidecar in {@link MARK}. */
  readonly id: string;
}

/** Lists the sidecars that a request has passed: one that finds itself there has been led back to itself. */
export const MARK = "x-metrics-proxy";

/** Where a request goes and what it carries besides the scraper's own headers. */
export function createUpstream({ origin, verify, id }: UpstreamOptions): Upstream {
  const { host } = new URL(origin);
  const send = {
    // The scraper decodes, if at all; and the application is beside us, whatever HTTP_PROXY says.
    decompress: false,
    proxy: false,
    redirect: "manual",
    ...(origin.startsWith("https:") ? { tls: { rejectUnauthorized: verify } } : {}),
  };
  return {
    ask: ({ method, path, headers, timeoutMs, signal }) => {
      const passed = headers.get(MARK);
      const replaced = { host, [MARK]: passed === null ? id : `${passed}, ${id}` };
      const sent = requestHeaders(headers, replaced);
      const go = (end: AbortSignal) =>
        fetch(`${origin}${path}`, {
          ...send,
          method,
          headers: sent,
          signal: end,
          // Some applications send a body after a HEAD, which the next answer would begin with.
          keepalive: method === "GET",
        } as RequestInit);
      return new Pending(go, { timeoutMs, signal, host });
    },
  };
}

const WORDS: Readonly<Record<Fault, string>> = {
  refused: "refuses connections",
  unreachable: "does not answer",
  broken: "broke its answer off",
};

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly host: string;
}

class Pending implements Asked {
  readonly response: Promise<Response>;
  readonly #limits: Limits;
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #leave = () => this.abort();
  #late = false;

  constructor(go: (end: AbortSignal) => Promise<Response>, limits: Limits) {
    this.#limits = limits;
    limits.signal?.addEventListener("abort", this.#leave, { once: true });
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#controller.abort();
    }, limits.timeoutMs);
    this.response = go(this.#controller.signal).catch((cause: unknown) => {
      // Bun has had both names for it.
      const refused = ["ECONNREFUSED", "ConnectionRefused"].includes(String(codeOf(cause)));
      throw this.#failure(cause, refused ? "refused" : "unreachable");
    });
  }

  broken(cause: unknown): UpstreamTimeout | UpstreamUnreachable {
    return this.#failure(cause, "broken");
  }

  #failure(cause: unknown, fault: Fault): UpstreamTimeout | UpstreamUnreachable {
    const { timeoutMs, host } = this.#limits;
    if (this.#late) {
      return new UpstreamTimeout(`The application did not answer within ${timeoutMs} ms`);
    }
    return new UpstreamUnreachable(`The application at ${host} ${WORDS[fault]}`, { cause, fault });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#limits.signal?.removeEventListener("abort", this.#leave);
  }

  abort(): void {
    this.end();
    this.#controller.abort();
  }
}

/**
 * How long the application may take: our own limit, or what the scraper announces
 * (`X-Prometheus-Scrape-Timeout-Seconds`) less half a second, as the blackbox exporter does, so that
 * the 504 still reaches it.
 */
export function deadlineFor(headers: Headers, limitMs: number): number {
  const header = headers.get("x-prometheus-scrape-timeout-seconds");
  const announcedMs = header === null ? Number.NaN : Number(header) * 1000;
  if (!(announcedMs > 0 && Number.isFinite(announcedMs))) return limitMs;
  return Math.max(1, Math.min(limitMs, announcedMs > 1000 ? announcedMs - 500 : announcedMs / 2));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
