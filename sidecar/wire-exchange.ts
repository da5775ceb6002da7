/** The bytes that come back on a connection -> one answer, its body read at the reader's pace. */
import { type AnswerHead, type BodyDecoder, createDecoder, parseAnswerHead } from "./wire.ts";

/** An answer whose body is read by iterating, or is there already. */
export interface WireAnswer {
  readonly head: AnswerHead;
  /** Bytes, if the whole body came with its head; `undefined` if there is none. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** The application ended the connection before its answer was whole. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
  /** Whether not even one byte of the answer had come. */
  readonly unanswered: boolean;
  constructor(unanswered: boolean) {
    super("The application broke its answer off");
    this.unanswered = unanswered;
  }
}

/** Bytes that wait for their reader before the application is told to wait. */
const MAX_QUEUED_BYTES = 256 * 1024;

/** What an exchange asks of its connection. */
export interface ExchangeLine {
  /** Lets the application send, or not. */
  flow(on: boolean): void;
  /** Gives the connection up. */
  cut(): void;
  /** The answer is whole or lost. */
  done(reusable: boolean): void;
}

/** One question and its answer, fed by its connection. */
export class WireExchange {
  readonly answer = Promise.withResolvers<WireAnswer>();
  readonly #method: "GET" | "HEAD";
  readonly #line: ExchangeLine;
  #unread: Buffer | undefined;
  #head: AnswerHead | undefined;
  #decoder: BodyDecoder | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  #state: "open" | "whole" | "lost" = "open";
  #failure: unknown;
  #news: PromiseWithResolvers<void> | undefined;

  constructor(method: "GET" | "HEAD", line: ExchangeLine) {
    this.#method = method;
    this.#line = line;
  }

  data(chunk: Buffer): void {
    if (this.#state !== "open") return;
    try {
      if (this.#decoder === undefined) this.#readHead(chunk);
      else this.#readBody(chunk);
    } catch (error) {
      this.#lose(error);
      this.#line.cut();
    }
  }

  /** The connection has ended; `orderly` if the application ended it, and nothing cut it. */
  ended(orderly: boolean): void {
    if (this.#state !== "open") return;
    // Only then is the end of the connection the end of a body that has no other.
    if (orderly && this.#decoder?.endsWithConnection) this.#finish(false);
    else this.#lose(new BrokenOff(this.#head === undefined && this.#unread === undefined));
  }

  /** Nobody wants the answer any more. Changes nothing once it is whole. */
  abort(): void {
    if (this.#state !== "open") return;
    this.#lose(new BrokenOff(false));
    this.#line.cut();
  }

  #readHead(chunk: Buffer): void {
    let bytes = this.#unread === undefined ? chunk : Buffer.concat([this.#unread, chunk]);
    let head = parseAnswerHead(bytes, this.#method);
    // Interim answers (RFC 9110, 15.2) stand before the one that counts.
    while (head !== undefined && head.status < 200) {
      bytes = bytes.subarray(head.size);
      head = parseAnswerHead(bytes, this.#method);
    }
    this.#unread = bytes;
    if (head === undefined) return;
    this.#head = head;
    this.#decoder = createDecoder(head.body);
    const rest = bytes.subarray(head.size);
    if (rest.length > 0 || head.body.kind === "none") this.#readBody(rest);
    this.answer.resolve({ head, body: this.#body(head) });
  }

  /** The body: none, all of it if it came with its head, or a stream. */
  #body(head: AnswerHead): WireAnswer["body"] {
    if (head.body.kind === "none") return undefined;
    if (this.#state !== "whole") return this.#iterate();
    const [only] = this.#queue;
    return this.#queue.length === 1 && only ? only : Buffer.concat(this.#queue);
  }

  #readBody(bytes: Buffer): void {
    const decoded = this.#decoder?.push(bytes) ?? { chunks: [], done: true, excess: true };
    const { chunks, done, excess } = decoded;
    for (const chunk of chunks) {
      this.#queue.push(chunk);
      this.#queuedBytes += chunk.length;
    }
    // An application that answers a HEAD with a body, or more than it announced, would have the rest
    // taken for its next answer.
    if (done) this.#finish(this.#head?.keepAlive === true && !excess && this.#method === "GET");
    else if (this.#queuedBytes > MAX_QUEUED_BYTES && !this.#paused) {
      this.#paused = true;
      this.#line.flow(false);
    }
    this.#news?.resolve();
  }

  #finish(reusable: boolean): void {
    this.#state = "whole";
    if (this.#paused) this.#line.flow(true);
    this.#line.done(reusable);
    this.#news?.resolve();
  }

  #lose(error: unknown): void {
    this.#state = "lost";
    this.#failure = error;
    this.#line.done(false);
    this.answer.reject(error);
    this.#news?.resolve();
  }

  async *#iterate(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
          this.#queuedBytes -= chunk.length;
          yield chunk;
        }
        if (this.#state === "lost") throw this.#failure;
        if (this.#state === "whole") return;
        this.#news = Promise.withResolvers();
        if (this.#paused) {
          this.#paused = false;
          this.#line.flow(true);
        }
        await this.#news.promise;
      }
    } finally {
      // A reader that leaves in the middle: the rest is nobody's.
      this.abort();
    }
  }
}
