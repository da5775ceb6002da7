/** An answer -> given to the listener at the reader's pace, counted, and told to the ending once it is sent whole. */
import { inPieces, Keeper, SMALL_BYTES, type Streaming } from "./body.ts";
import type { Peer } from "./ending/connections.ts";
import type { Ending } from "./ending/ending.ts";
import type { Format, Page } from "./ending/pages.ts";
import type { Seen } from "./ending/receipts.ts";
import type { ReceiptWatch } from "./ending/watch.ts";
import type { Tally } from "./tally.ts";
import { type Asked, UpstreamTimeout } from "./upstream.ts";

export interface DeliveryOptions {
  readonly receipts: ReceiptWatch;
  readonly ending: Ending;
  readonly tally: Tally;
  /** Largest page that is kept, in bytes as encoded. */
  readonly maxPageBytes: number;
}

/** Who asks for what. */
export interface Asking {
  readonly request: Request;
  /** Path and query as they are sent on. */
  readonly target: string;
  readonly peer: Peer;
}

/** Who asks, if it is a scraper, and how. */
export interface Recipient {
  readonly scraper: string | undefined;
  readonly format: Format;
}

/** What is sent beside the body. */
export interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

/** An answer on its way, and what it is kept as once it is sent whole. */
export interface Outgoing {
  readonly source: "proxied" | "replayed";
  readonly head: Head;
  readonly body: Uint8Array<ArrayBuffer> | Streaming;
  readonly asOfMs: number;
  /** The kept page that it is, where it was not asked for just now. */
  readonly kept?: Page;
  /** The question that a streamed body belongs to. */
  readonly asked?: Asked;
}

/** Gives one answer to one client. */
export class Delivery {
  readonly #asking: Asking;
  readonly #recipient: Recipient;
  readonly #options: DeliveryOptions;
  /** What the kernel knew of the connection before the answer went. */
  #seen: Seen | undefined;

  constructor(asking: Asking, recipient: Recipient, options: DeliveryOptions) {
    this.#asking = asking;
    this.#recipient = recipient;
    this.#options = options;
  }

  /** Gives the body to the listener: a small one at once, any other at the reader's pace. */
  send(outgoing: Outgoing): Response {
    const { body, head } = outgoing;
    const small = body instanceof Uint8Array && body.length <= SMALL_BYTES;
    // For bytes without a type Bun makes one up; for a stream it does not.
    if (!small || !head.headers.get("content-type")) {
      return new Response(this.#paced(outgoing), head);
    }
    this.#sending();
    this.#sent(outgoing, this.#asking.request.signal.aborted ? "cut" : "whole", body);
    return new Response(body, head);
  }

  async *#paced(outgoing: Outgoing): AsyncGenerator<Uint8Array> {
    const { body, asked } = outgoing;
    let transfer: Transfer = "cut";
    this.#sending();
    const keeper = new Keeper(this.#wants(outgoing) ? this.#options.maxPageBytes : 0);
    try {
      const { first, more } = body instanceof Uint8Array ? inPieces(body) : body;
      for (let chunks = first; ; chunks = await more()) {
        for (const chunk of chunks.value) {
          keeper.add(chunk);
          yield chunk;
        }
        if (chunks.done) break;
      }
      transfer = "whole";
    } catch (cause) {
      transfer = this.#failed(cause, asked);
      // Resets the connection, so that half an answer never looks like a whole one; of an error Bun would print a stack.
      throw undefined; // oxlint-disable-line typescript/only-throw-error
    } finally {
      if (transfer === "whole") asked?.end();
      else asked?.abort();
      this.#sent(outgoing, transfer, body instanceof Uint8Array ? body : keeper);
    }
  }

  /** How a transfer ended that failed: by the client, or by the application, which is counted. */
  #failed(cause: unknown, asked: Asked | undefined): Transfer {
    if (this.#asking.request.signal.aborted) return "cut";
    const late = asked?.broken(cause) instanceof UpstreamTimeout;
    this.#options.tally.faults[late ? "timeout" : "broken"]++;
    return "broken";
  }

  /** Looks at the connection before an answer goes to a scraper. */
  #sending(): void {
    if (this.#recipient.scraper === undefined) return;
    this.#seen = this.#options.receipts.sending(this.#asking.peer);
  }

  /** Whether what passes is a page that a scraper then has. */
  #wants({ head, body }: Outgoing): boolean {
    return (
      this.#recipient.scraper !== undefined && head.status === 200 && !(body instanceof Uint8Array)
    );
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
    const { scraper, format } = this.#recipient;
    if (transfer !== "whole" || scraper === undefined || head.status !== 200) return;
    const rest = { headers: head.headers, asOfMs };
    const page = kept ?? (sent instanceof Keeper ? sent.page(rest) : { ...rest, bytes: sent });
    const { peer } = this.#asking;
    const isLive = source === "proxied";
    ending.sent({ peer, scraper, page, format, isLive, seen: this.#seen });
  }
}

/** How sending an answer ended: `cut` by the client, `broken` off by the application. */
type Transfer = "whole" | "cut" | "broken";
