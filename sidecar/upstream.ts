/** One question to the application: an answer whose body still streams, or a failure with a reason. */
import { requestHeaders } from "./headers.ts";

export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** The application did not begin its answer in time. */
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
  /** Aborted when nobody wants the answer any more. */
  readonly signal?: AbortSignal;
}

export interface Upstream {
  /**
   * Asks the application. Throws {@link UpstreamTimeout} or {@link UpstreamUnreachable}; after that
   * the body may still break off, at the limit too.
   */
  ask(request: UpstreamRequest): Promise<Response>;
}

/** An upstream at that base URL. */
export function createUpstream(baseUrl: string, fetch: Fetch): Upstream {
  return {
    async ask({ method, path, headers, timeoutMs, signal }) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        return await fetch(baseUrl + path, {
          method,
          headers: requestHeaders(headers),
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
          redirect: "manual",
          // The bytes as they are, and never by way of HTTP_PROXY, which Bun obeys for 127.0.0.1 too.
          decompress: false,
          proxy: false,
        } as unknown as BunFetchRequestInit);
      } catch (cause) {
        if (timeout.aborted) {
          throw new UpstreamTimeout(`The application did not answer within ${timeoutMs} ms`, {
            cause,
          });
        }
        const refused = errorCode(cause) === "ECONNREFUSED";
        throw new UpstreamUnreachable(`The application at ${baseUrl} does not answer`, {
          cause,
          refused,
        });
      }
    },
  };
}

/**
 * How long the application may take: our own limit, or what the scraper announces
 * (`X-Prometheus-Scrape-Timeout-Seconds`) less half a second, as the blackbox exporter does, so that
 * the 504 still reaches it.
 */
export function deadlineFor(headers: Headers, limitMs: number): number {
  const announcedMs =
    Number(headers.get("x-prometheus-scrape-timeout-seconds") ?? Number.NaN) * 1000;
  if (!(announcedMs > 0)) return limitMs;
  return Math.max(1, Math.min(limitMs, announcedMs > 1000 ? announcedMs - 500 : announcedMs / 2));
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
