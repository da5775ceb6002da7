/** A request on a metrics path -> the application's answer, or its newest whole page at the pod's end. */
import { describeError } from "../shared/log.ts";
import { type Captures, type Format, formatKey, type Page } from "./capture.ts";
import type { Answer, ServerRequest } from "./connection.ts";
import { Keeper } from "./keeper.ts";
import { plainAnswer } from "./plain-answer.ts";
import { readWhole } from "./read-whole.ts";
import { isScraper, type Scrapers } from "./scrapers.ts";
import type { Session } from "./session.ts";
import type { Tally, UpstreamFault } from "./tally.ts";
import type { Transfer } from "./transmit.ts";
import {
  type Asked,
  deadlineFor,
  type Upstream,
  UpstreamTimeout,
  UpstreamUnreachable,
} from "./upstream.ts";
import type { AnswerHead } from "./wire.ts";
import type { WireAnswer } from "./wire-exchange.ts";

export interface ProxyOptions {
  readonly upstream: Upstream;
  readonly upstreamTimeoutMs: number;
  readonly captures: Captures;
  readonly scrapers: Scrapers;
  readonly session: Session;
  readonly tally: Tally;
  /** Marks what has passed this sidecar. */
  readonly via: string;
  /** Largest page that is kept, in bytes as encoded. */
  readonly maxPageBytes: number;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** An answer up to this is read before it is passed on, a longer one streamed: broken, it is a clean 502. */
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * What has streamed past is garbage, and the collector on its own lets tens of megabytes of it pile up:
 * more than the container's limit has to spare.
 */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

/** Answers GET and HEAD on a metrics path. Never rejects for what the application does. */
export async function proxy(request: ServerRequest, options: ProxyOptions): Promise<Answer> {
  const { headers, target, method } = request;
  if (headers.get("via")?.includes(options.via)) {
    options.tally.faults.loop++;
    return plainAnswer(
      508,
      "The request comes from this metrics proxy itself: --original-port leads back to it",
    );
  }
  const format: Format = { path: target, headers };
  const scraper =
    method === "GET" && isScraper(headers)
      ? options.scrapers.identify({ ...request, userAgent: headers.get("user-agent") ?? "" })
      : undefined;
  return await new Exchange(request, { format, scraper }, options).answer();
}

interface Asking {
  readonly format: Format;
  /** Who asks, if it is a scraper. */
  readonly scraper: string | undefined;
}

/** One request and its answer. */
class Exchange {
  readonly #request: ServerRequest;
  readonly #asking: Asking;
  readonly #options: ProxyOptions;

  constructor(request: ServerRequest, asking: Asking, options: ProxyOptions) {
    this.#request = request;
    this.#asking = asking;
    this.#options = options;
  }

  async answer(): Promise<Answer> {
    const { session, captures } = this.#options;
    // FINAL asks nobody: the application is gone, and every scraper must get the same last page.
    const gone = session.phase === "final" || session.phase === "exit";
    const frozen = gone ? captures.pageFor(this.#asking.format) : undefined;
    return frozen === undefined ? await this.#live() : this.#replay(frozen);
  }

  async #live(): Promise<Answer> {
    const { upstream, nowMs, upstreamTimeoutMs } = this.#options;
    const { headers, target } = this.#request;
    const method = this.#request.method === "HEAD" ? "HEAD" : "GET";
    const asOfMs = nowMs();
    const timeoutMs = deadlineFor(headers, upstreamTimeoutMs);
    const asked = upstream.ask({ method, path: target, headers, timeoutMs });
    this.#request.onLeave(() => asked.abort());
    try {
      const answer = await asked.answer;
      const { status } = answer.head;
      const page = isFailure(status) ? this.#cover("failed") : undefined;
      if (page === undefined) return await this.#pass(answer, asked, asOfMs);
      asked.abort();
      return this.#replay(page);
    } catch (error) {
      return this.#failed(error, asked);
    }
  }

  #failed(error: unknown, asked: Asked): Answer {
    asked.done();
    const { tally } = this.#options;
    const late = asked.late || error instanceof UpstreamTimeout;
    const reason = late ? "timeout" : reasonOf(error);
    tally.faults[reason]++;
    const page = this.#cover(reason === "refused" ? "refused" : "failed");
    if (page !== undefined) return this.#replay(page);
    tally.scrapes[late ? "timeout" : "unreachable"]++;
    return plainAnswer(late ? 504 : 502, describeError(error));
  }

  #cover(failure: "refused" | "failed"): Page | undefined {
    const { session, captures } = this.#options;
    return session.covers(failure) ? captures.pageFor(this.#asking.format) : undefined;
  }

  /** The application's answer as it is: read before, if that is cheap or the pod is ending; else streamed. */
  async #pass({ head, body }: WireAnswer, asked: Asked, asOfMs: number): Promise<Answer> {
    const { status, headers, length } = head;
    if (this.#request.method === "HEAD" || body === undefined) {
      asked.done();
      return { ...head, body: undefined };
    }
    const ahead = this.#ending(status) ? this.#options.maxPageBytes : READ_AHEAD_BYTES;
    if (!(body instanceof Uint8Array) && (length ?? ahead) > ahead) {
      return this.#stream(head, body, { asked, asOfMs });
    }
    const read = await readWhole(body, { maxBytes: ahead, length });
    if (read.kind === "large") return this.#stream(head, read.all, { asked, asOfMs });
    asked.done();
    const page = { bytes: read.bytes, headers, asOfMs };
    return { ...head, body: read.bytes, ...this.#ends("proxied", status, () => page) };
  }

  /** While the pod ends a page is read before it is passed on, since it may still have to be covered. */
  #ending(status: number): boolean {
    return this.#options.session.phase !== "running" && status === 200;
  }

  #stream(
    head: AnswerHead,
    body: AsyncIterable<Uint8Array>,
    { asked, asOfMs }: { readonly asked: Asked; readonly asOfMs: number },
  ): Answer {
    // Kept for a scraper as it passes, to know at the end what the scraper has.
    const wanted = head.status === 200 && this.#asking.scraper !== undefined;
    const keeper = new Keeper(wanted ? this.#options.maxPageBytes : 0, {
      headers: head.headers,
      asOfMs,
    });
    const ends = this.#ends("proxied", head.status, () => keeper.page());
    return { ...head, body: this.#streamed(body, asked, keeper), ...ends };
  }

  async *#streamed(
    body: AsyncIterable<Uint8Array>,
    asked: Asked,
    keeper: Keeper,
  ): AsyncGenerator<Uint8Array> {
    try {
      let uncollected = 0;
      for await (const chunk of body) {
        keeper.add(chunk);
        yield chunk;
        uncollected += chunk.length;
        if (uncollected < COLLECT_EVERY_BYTES) continue;
        uncollected = 0;
        Bun.gc(true);
      }
    } catch (error) {
      this.#options.tally.faults[asked.late ? "timeout" : "broken"]++;
      throw error;
    } finally {
      asked.done();
    }
  }

  #replay(page: Page): Answer {
    const head = { status: 200, statusText: "OK", headers: page.headers };
    if (this.#request.method === "HEAD") {
      return { ...head, body: undefined, length: page.bytes.length };
    }
    return { ...head, body: page.bytes, ...this.#ends("replayed", 200, () => page) };
  }

  /**
   * Counts how a transfer ended. A 200 that went whole to a scraper is a scrape, and `page` what it
   * brought, unless that was too large to be kept.
   */
  #ends(outcome: "proxied" | "replayed", status: number, page: () => Page | undefined) {
    const { tally } = this.#options;
    const { scraper } = this.#asking;
    let sent: Page | undefined;
    const onSent = (transfer: Transfer, bytes: number) => {
      tally.scrapes[transfer === "whole" ? outcome : transfer]++;
      tally.bytes += bytes;
      if (transfer !== "whole" || scraper === undefined || status !== 200) return;
      sent = page();
      this.#scraped(scraper, outcome === "proxied" ? sent : undefined);
    };
    if (scraper === undefined) return { onSent };
    const onReceived = (received: boolean) => {
      if (!received || sent === undefined) return;
      const { session } = this.#options;
      session.received(scraper, { page: sent, format: formatKey(this.#asking.format) });
    };
    return { onSent, onReceived };
  }

  #scraped(scraper: string, live: Page | undefined): void {
    const { session, captures } = this.#options;
    const { format } = this.#asking;
    session.sent(scraper, format);
    // While the pod ends, what a scraper got live is as good as a capture, and newer; before, it is what
    // covers an application that hangs from its SIGTERM on.
    if (live) captures.keep(formatKey(format), live, session.phase !== "running");
  }
}

/**
 * Whether an answer tells of an application that is falling apart: its routes may be gone (404) before it
 * is. One that refuses a client its page, or sends it elsewhere, has decided so, and its word goes on.
 */
function isFailure(status: number): boolean {
  return status >= 400 && ![401, 403, 407].includes(status);
}

function reasonOf(error: unknown): UpstreamFault {
  if (!(error instanceof UpstreamUnreachable)) return "broken";
  return error.refused ? "refused" : "unreachable";
}
