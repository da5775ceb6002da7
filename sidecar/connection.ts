/** One TCP connection: requests in, answers out, and the knowledge whether each answer was received. */
import { MAX_HEAD_BYTES, type Parsed, parseHead, type RequestHead } from "./message.ts";
import { plainAnswer } from "./plain-answer.ts";
import { Receipt } from "./receipt.ts";
import { type Body, chooseFraming, type Transfer, transmit } from "./transmit.ts";

/** A request as a handler gets it. */
export interface ServerRequest extends RequestHead {
  /** Path without the query. */
  readonly path: string;
  /** The client's address; an IPv4 address is written as such on a dual-stack listener too. */
  readonly address: string;
  /** Tells connections apart. */
  readonly connection: number;
  /** Calls back when the client leaves before it has the whole answer. */
  onLeave(callback: () => void): void;
}

/** An answer as a handler gives it. */
export interface Answer extends Body {
  /** Called once, when the last byte was handed to the kernel or none will follow. */
  readonly onSent?: (transfer: Transfer, bytes: number) => void;
  /** Called once after a whole transfer, when it is known whether the client has the answer. */
  readonly onReceived?: (received: boolean) => void;
}

export type Handler = (request: ServerRequest) => Answer | Promise<Answer>;

export interface ConnectionHooks {
  readonly handler: Handler;
  /** Told the connection's number when it will carry no further request; maybe more than once. */
  readonly onGone: (connection: number) => void;
}

/** What a connection needs of its socket; Bun's own fits. */
export interface Socket {
  readonly remoteAddress: string | undefined;
  /** Gives the number of bytes that the kernel took, or a negative number if the connection is gone. */
  write(data: Uint8Array): number;
  /** Ends our side (FIN); the other side may still send. */
  shutdown(): void;
  /** Ends both sides. */
  end(): void;
  /** Resets the connection. */
  terminate(): void;
}

/** A FIN may have been on its way when our bytes were sent; their RST would follow within a round trip. */
const ROUND_TRIP_MS = 100;

/** A client that was told to close and does not is told again, by our own FIN. */
const CLOSE_PATIENCE_MS = 1000;

/** Most bytes that are given to a socket at once. */
const PIECE_BYTES = 128 * 1024;

/** Drives one socket. Its owner calls `data`, `drained`, `ended` and `closed` as they happen. */
export class Connection {
  readonly #socket: Socket;
  readonly #hooks: ConnectionHooks;
  readonly #id: number;
  readonly #address: string;
  #unread: Buffer = Buffer.alloc(0);
  /** The head that came last, and what it was parsed to: a scraper sends the same one every time. */
  #last: { readonly bytes: Buffer; readonly parsed: Parsed } | undefined;
  #used = false;
  #busy = false;
  #onLeave: (() => void) | undefined;
  #finishing: ReturnType<typeof setTimeout> | undefined;
  /** The next answer is the last one, and says so. */
  #retiring = false;
  /** An answer has said so: whatever the client still sends is not for us. */
  #over = false;
  #closed = false;
  #drain: PromiseWithResolvers<void> | undefined;
  #receipt: Receipt | undefined;

  /** `id` tells connections of one listener apart. */
  constructor(id: number, socket: Socket, hooks: ConnectionHooks) {
    this.#id = id;
    this.#socket = socket;
    // A client that has reset by now has no address any more.
    this.#address = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
    this.#hooks = hooks;
  }

  /** Whether an answer is being made or sent. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Bytes came from the client. */
  data(chunk: Buffer): void {
    this.#receipt?.settle(true);
    if (this.#over) return;
    // No client that waits for its answer sends so much meanwhile.
    if (this.#busy && this.#unread.length + chunk.length > MAX_HEAD_BYTES) {
      this.destroy();
      return;
    }
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    if (!this.busy && !this.#closed) this.#next();
  }

  /** The kernel takes bytes again. */
  drained(): void {
    this.#drain?.resolve();
  }

  /** The client ended its side (FIN). */
  ended(): void {
    this.#hooks.onGone(this.#id);
    if (this.busy) {
      // It closed before it had the answer: nobody waits for it any more.
      this.#socket.terminate();
      return;
    }
    if (this.#receipt === undefined) this.#socket.end();
    else this.#receipt.settleIn(ROUND_TRIP_MS, true, () => this.#socket.end());
  }

  /** The connection is gone; `reset` if by an RST. */
  closed(reset: boolean): void {
    this.#closed = true;
    clearTimeout(this.#finishing);
    this.#hooks.onGone(this.#id);
    this.#receipt?.settle(!reset);
    if (this.#busy) this.#onLeave?.();
    this.#drain?.resolve();
  }

  /** The next answer, or the one under way, is the last one here. */
  retire(): void {
    this.#retiring = true;
  }

  /**
   * As `retire`, and a connection that is idle after an answer ends. One whose first request is still to
   * come does not: it may be the kubelet's with the preStop hook, sent at the same moment as SIGTERM.
   */
  end(): void {
    this.retire();
    if (this.#used && !this.busy && !this.#closed) this.#finish();
  }

  /** Cuts the connection, whatever is under way: what it carried last is not known to be received. */
  destroy(): void {
    this.#receipt?.settle(false);
    this.#socket.terminate();
  }

  #next(): void {
    const parsed = this.#parse();
    if (parsed.kind === "incomplete") return;
    if (parsed.kind === "faulty") {
      this.#unread = Buffer.alloc(0);
      this.#retiring = true;
      const answer = plainAnswer(parsed.status, parsed.reason);
      void this.#send(answer, { method: "GET", keepAlive: false, http10: true });
      return;
    }
    this.#unread = this.#unread.subarray(parsed.head.length);
    void this.#serve(parsed.head);
  }

  #parse(): Parsed {
    const { bytes, parsed } = this.#last ?? {};
    if (bytes !== undefined && parsed !== undefined && bytes.equals(this.#unread)) return parsed;
    const fresh = parseHead(this.#unread);
    if (fresh.kind === "head" && fresh.head.length === this.#unread.length) {
      this.#last = { bytes: this.#unread, parsed: fresh };
    }
    return fresh;
  }

  async #serve(head: RequestHead): Promise<void> {
    this.#used = true;
    // It asks again before we have ended: it gets its answer, and the end comes after that.
    clearTimeout(this.#finishing);
    this.#busy = true;
    this.#onLeave = undefined;
    const query = head.target.indexOf("?");
    const path = query < 0 ? head.target : head.target.slice(0, query);
    const request: ServerRequest = {
      ...head,
      path,
      address: this.#address,
      connection: this.#id,
      onLeave: (callback) => {
        this.#onLeave = callback;
      },
    };
    const answer = await this.#hooks.handler(request);
    await this.#send(answer, head);
    this.#busy = false;
    if (!this.#closed && !this.#over && this.#unread.length > 0) this.#next();
  }

  /** Sends an answer and leaves the connection ready for the next one, or ending. */
  async #send(
    answer: Answer,
    head: Pick<RequestHead, "method" | "keepAlive" | "http10">,
  ): Promise<void> {
    const framing = chooseFraming(answer, head);
    if (!head.keepAlive || framing.kind === "close") this.#retiring = true;
    this.#over = this.#retiring;
    const write = (data: Uint8Array) => this.#write(data);
    const { transfer, bytes } = await transmit(answer, { framing, keepAlive: !this.#over }, write);
    // A body that ends because the client left was not broken by its source.
    answer.onSent?.(transfer === "broken" && this.#closed ? "cut" : transfer, bytes);
    if (transfer !== "whole") {
      // A half answer must never look like a whole one.
      if (!this.#closed) this.#socket.terminate();
      return;
    }
    if (answer.onReceived !== undefined) this.#await(answer.onReceived);
    if (this.#over) this.#hooks.onGone(this.#id);
    if (this.#over && !this.#closed) this.#finish(framing.kind === "close");
  }

  /** Tells, once it is known, whether the answer that was just sent was received. */
  #await(tell: (received: boolean) => void): void {
    this.#receipt = new Receipt(tell, () => {
      this.#receipt = undefined;
    });
    if (this.#closed) this.#receipt.settle(false);
  }

  /** Ends the connection once the client has had the time to do so itself. */
  #finish(now = false): void {
    const receipt = this.#receipt;
    if (receipt === undefined || now) {
      this.#socket.shutdown();
      return;
    }
    // Whoever closes first hides the other's RST, so the client goes first; but only for a while.
    const sinceMs = performance.now() - receipt.sentMs;
    this.#finishing = setTimeout(
      () => this.#socket.shutdown(),
      Math.max(0, CLOSE_PATIENCE_MS - sinceMs),
    );
  }

  /** Hands bytes to the kernel at the reader's pace. False if the connection is gone. */
  async #write(data: Uint8Array): Promise<boolean> {
    let rest = data;
    for (;;) {
      if (this.#closed) return false;
      // In pieces, because the socket copies all that it is given before the kernel takes some of it.
      const taken = this.#socket.write(rest.subarray(0, PIECE_BYTES));
      if (taken < 0) return false;
      const asked = Math.min(rest.length, PIECE_BYTES);
      rest = rest.subarray(taken);
      if (rest.length === 0) return true;
      if (taken === asked) continue;
      this.#drain = Promise.withResolvers();
      await this.#drain.promise;
    }
  }
}
