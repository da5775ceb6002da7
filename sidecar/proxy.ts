/** A request on a metrics path -> the application's answer, or its newest whole page at the pod's end. */
import { describeError } from "../shared/log.ts";
import { Keeper, piecesOf, readBody } from "./body.ts";
import type { Peer } from "./ending/connections.ts";
import type { Ending } from "./ending/ending.ts";
import { type Format, type Page, type Pages } from "./ending/pages.ts";
import { isScraper, type Scrapers } from "./ending/scrapers.ts";
import type { ReceiptWatch } from "./ending/watch.ts";
import { responseHeaders } from "./headers.ts";
import type { Tally } from "./tally.ts";
import {
  type Asked,
  deadlineFor,
  MARK,
  type Upstream,
  UpstreamTimeout,
  UpstreamUnreachable,
} from "./upstream.ts";

export interface ProxyOptions {
  readonly upstream: Upstream;
  readonly upstreamTimeoutMs: number;
  readonly pages: Pages;
  readonly scrapers: Scrapers;
  readonly receipts: ReceiptWatch;
  readonly ending: Ending;
  readonly tally: Tally;
  /** How {@link MARK} names this sidecar. */
  readonly id: string;
  /** Largest page that is kept, in bytes as encoded. */
  readonly maxPageBytes: number;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** Who asks for what. */
export interface Asking {
  readonly request: Request;
  /** Path and query as they are sent on. */
  readonly target: string;
  readonly peer: Peer;
}

/** An answer up to this is read before it is passed on, a longer one streamed: broken, it is a clean 502. */
const READ_AHEAD_BYTES = 64 * 1024;

/** Answers GET and HEAD on a metrics path. Never rejects for what the application does. */
export async function proxy(asking: Asking, options: ProxyOptions): Promise<Response> {
  if (asking.request.headers.get(MARK)?.includes(options.id)) {
    options.tally.faults.loop++;
    return plain(508, "The request comes from this metrics proxy: --original-port leads to it");
  }
  return await new Exchange(asking, options).answer();
}

/** What is sent beside the body. */
interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

/** An answer on its way, and what it is kept as once it is sent whole. */
interface Outgoing {
  readonly source: "proxied" | "replayed";
  readonly head: Head;
  readonly body: Uint8Array<ArrayBuffer> | AsyncGenerator<Uint8Array>;
  readonly asOfMs: number;
  /** The kept page that it is, where it was not asked for just now. */
  readonly kept?: Page;
  /** The question that a streamed body belongs to. */
  readonly asked?: Asked;
}

/** One request and its answer. */
class Exchange {
  readonly #asking: Asking;
  readonly #options: ProxyOptions;
  readonly #isHead: boolean;
  readonly #format: Format;
  /** Who asks, if it is a scraper. */
  readonly #scraper: string | undefined;

  constructor(asking: Asking, options: ProxyOptions) {
    const { request, target, peer } = asking;
    const { headers } = request;
    this.#asking = asking;
    this.#options = options;
    this.#isHead = request.method === "HEAD";
    this.#format = { path: target, headers };
    if (this.#isHead || !isScraper(headers)) return;
    const userAgent = headers.get("user-agent") ?? "";
    const client = { address: peer.address, connection: peer.port, userAgent };
    this.#scraper = options.scrapers.identify(client, options.nowMs());
    options.receipts.asked(peer);
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
    const ahead = ends ? this.#options.maxPageBytes : READ_AHEAD_BYTES;
    const read = await readBody(response, ahead).catch((cause: unknown) => {
      throw asked.broken(cause);
    });
    if (read.kind === "large") {
      return this.#send({ source: "proxied", head, body: read.chunks, asOfMs, asked });
    }
    asked.end();
    return this.#send({ source: "proxied", head, body: read.bytes, asOfMs });
  }

  #replay(kept: Page): Response {
    const { headers, bytes, asOfMs } = kept;
    const head: Head = { status: 200, statusText: "OK", headers };
    if (!this.#isHead) return this.#send({ source: "replayed", head, body: bytes, asOfMs, kept });
    const described = new Headers(headers);
    described.set("content-length", String(bytes.length));
    return new Response(null, { ...head, headers: described });
  }

  /** Gives the body to the listener: a small one at once, any other at the reader's pace. */
  #send(outgoing: Outgoing): Response {
    const { body, head } = outgoing;
    const small = body instanceof Uint8Array && body.length <= READ_AHEAD_BYTES;
    // For bytes without a type Bun makes one up; for a stream it does not.
    if (!small || !head.headers.get("content-type")) {
      return new Response(this.#paced(outgoing), head);
    }
    this.#sent(outgoing, this.#asking.request.signal.aborted ? "cut" : "whole", body);
    return new Response(body, head);
  }

  async *#paced(outgoing: Outgoing): AsyncGenerator<Uint8Array> {
    const { body, asked } = outgoing;
    let transfer: Transfer = "cut";
    const keeper = new Keeper(this.#wants(outgoing) ? this.#options.maxPageBytes : 0);
    try {
      for await (const chunk of body instanceof Uint8Array ? piecesOf(body) : body) {
        keeper.add(chunk);
        yield chunk;
      }
      transfer = "whole";
    } catch (cause) {
      if (!this.#asking.request.signal.aborted) {
        const late = asked?.broken(cause) instanceof UpstreamTimeout;
        this.#options.tally.faults[late ? "timeout" : "broken"]++;
        transfer = "broken";
      }
      // Resets the connection, so that half an answer never looks like a whole one; of an error Bun would print a stack.
      throw undefined; // oxlint-disable-line typescript/only-throw-error
    } finally {
      if (transfer === "whole") asked?.end();
      else asked?.abort();
      this.#sent(outgoing, transfer, body instanceof Uint8Array ? body : keeper);
    }
  }

  /** Whether what passes is a page that a scraper then has. */
  #wants({ head, body }: Outgoing): boolean {
    return this.#scraper !== undefined && head.status === 200 && !(body instanceof Uint8Array);
  }

  /** Counts how a transfer ended. A 200 that went whole to a scraper is a scrape. */
  #sent(
    { source, head, asOfMs, kept }: Outgoing,
    transfer: Transfer,
    sent: Uint8Array<ArrayBuffer> | Keeper,
  ): void {
    const { tally, ending } = this.#options;
    tally.scrapes[transfer === "whole" ? source : transfer]++;
    tally.bytes += sent.length;
    const scraper = this.#scraper;
    const bytes = sent instanceof Keeper ? sent.bytes() : sent;
    if (transfer !== "whole" || scraper === undefined || head.status !== 200) return;
    const page = kept ?? (bytes && { bytes, headers: head.headers, asOfMs });
    const { peer } = this.#asking;
    ending.sent({ peer, scraper, page, format: this.#format, isLive: source === "proxied" });
  }
}

/** How sending an answer ended: `cut` by the client, `broken` off by the application. */
type Transfer = "whole" | "cut" | "broken";

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
