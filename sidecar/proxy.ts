/** A request on a metrics path -> the application's answer, or its newest whole page at the pod's end. */
import { describeError } from "../shared/log.ts";
import { readBody, SMALL_BYTES } from "./body.ts";
import { type Asking, Delivery, type DeliveryOptions, type Head } from "./deliver.ts";
import type { Format, Page, Pages } from "./ending/pages.ts";
import { isScraper, type Scrapers } from "./ending/scrapers.ts";
import { responseHeaders } from "./headers.ts";
import { type Asked, deadlineFor, MARK, type Upstream, UpstreamUnreachable } from "./upstream.ts";

export interface ProxyOptions extends DeliveryOptions {
  readonly upstream: Upstream;
  readonly upstreamTimeoutMs: number;
  readonly pages: Pages;
  readonly scrapers: Scrapers;
  /** How {@link MARK} names this sidecar. */
  readonly id: string;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** Answers GET and HEAD on a metrics path. Never rejects for what the application does. */
export async function proxy(asking: Asking, options: ProxyOptions): Promise<Response> {
  if (asking.request.headers.get(MARK)?.includes(options.id)) {
    options.tally.faults.loop++;
    return plain(508, "The request comes from this metrics proxy: --original-port leads to it");
  }
  return await new Exchange(asking, options).answer();
}

/** One request and its answer. */
class Exchange {
  readonly #asking: Asking;
  readonly #options: ProxyOptions;
  readonly #isHead: boolean;
  readonly #format: Format;
  readonly #delivery: Delivery;

  constructor(asking: Asking, options: ProxyOptions) {
    const { request, target } = asking;
    const { headers } = request;
    this.#asking = asking;
    this.#options = options;
    this.#isHead = request.method === "HEAD";
    this.#format = { path: target, headers };
    const scraper = this.#isHead || !isScraper(headers) ? undefined : this.#identify();
    this.#delivery = new Delivery(asking, { scraper, format: this.#format }, options);
  }

  #identify(): string {
    const { scrapers, receipts, nowMs } = this.#options;
    const { peer } = this.#asking;
    const userAgent = this.#format.headers.get("user-agent") ?? "";
    receipts.asked(peer);
    return scrapers.identify({ address: peer.address, connection: peer.port, userAgent }, nowMs());
  }

  async answer(): Promise<Response> {
    const { ending, pages } = this.#options;
    // FINAL asks nobody: the application is gone, and every scraper must get the same last page.
    const gone = ending.phase === "final" || ending.phase === "exit";
    const frozen = gone ? pages.pageFor(this.#format) : undefined;
    if (frozen === undefined) return await this.#live();
    // A client that ended its side right after its question is seen to be gone only a turn later.
    await Bun.sleep(0);
    return this.#replay(frozen);
  }

  async #live(): Promise<Response> {
    const { upstream, nowMs, upstreamTimeoutMs, tally } = this.#options;
    const { request, target } = this.#asking;
    const { headers, signal } = request;
    const asOfMs = nowMs();
    const timeoutMs = deadlineFor(headers, upstreamTimeoutMs);
    const method = this.#isHead ? "HEAD" : "GET";
    const asked = upstream.ask({ method, path: target, headers, timeoutMs, signal });
    try {
      const response = await asked.response;
      const page = isFailure(response.status) ? this.#cover("failed") : undefined;
      if (page === undefined) return await this.#pass(response, asked, asOfMs);
      asked.abort();
      return this.#replay(page);
    } catch (error) {
      asked.abort();
      if (signal.aborted) tally.scrapes.cut++;
      return signal.aborted ? plain(499, "The client has left") : this.#failed(error);
    }
  }

  #failed(error: unknown): Response {
    const { tally } = this.#options;
    const fault = error instanceof UpstreamUnreachable ? error.fault : "timeout";
    tally.faults[fault]++;
    const page = this.#cover(fault === "refused" ? "refused" : "failed");
    if (page !== undefined) return this.#replay(page);
    tally.scrapes[fault === "timeout" ? "timeout" : "unreachable"]++;
    return plain(fault === "timeout" ? 504 : 502, describeError(error));
  }

  #cover(failure: "refused" | "failed"): Page | undefined {
    const { ending, pages } = this.#options;
    return ending.covers(failure) ? pages.pageFor(this.#format) : undefined;
  }

  /** The application's answer as it is: read before, if that is cheap or the pod is ending; else streamed. */
  async #pass(response: Response, asked: Asked, asOfMs: number): Promise<Response> {
    const { status, statusText } = response;
    if (status < 200 || status > 599) throw asked.broken(`Status ${status}`);
    const head: Head = {
      status,
      statusText,
      headers: responseHeaders(response.headers, this.#isHead),
    };
    if (this.#isHead || response.body === null) {
      asked.end();
      return new Response(null, head);
    }
    // While the pod ends a page is read before it is passed on, since it may still have to be covered.
    const ends = this.#options.ending.phase !== "running" && status === 200;
    const ahead = ends ? this.#options.maxPageBytes : SMALL_BYTES;
    const read = await readBody(response, ahead).catch((cause: unknown) => {
      throw asked.broken(cause);
    });
    if (read.kind === "large") {
      return this.#delivery.send({ source: "proxied", head, body: read.body, asOfMs, asked });
    }
    asked.end();
    return this.#delivery.send({ source: "proxied", head, body: read.bytes, asOfMs });
  }

  #replay(kept: Page): Response {
    const { headers, bytes, asOfMs } = kept;
    const head: Head = { status: 200, statusText: "OK", headers };
    if (!this.#isHead)
      return this.#delivery.send({ source: "replayed", head, body: bytes, asOfMs, kept });
    const described = new Headers(headers);
    described.set("content-length", String(bytes.length));
    return new Response(null, { ...head, headers: described });
  }
}

/**
 * Whether an answer tells of an application that is falling apart: its routes may be gone (404) before it
 * is. One that refuses a client its page, or sends it elsewhere, has decided so, and its word goes on.
 */
function isFailure(status: number): boolean {
  return status >= 400 && ![401, 403, 407].includes(status);
}

function plain(status: number, text: string): Response {
  const headers = { "content-type": "text/plain; charset=utf-8" };
  return new Response(`${text}\n`, { status, headers });
}
