/**
 * TCP connections to the application, kept for the next question: a request's bytes -> the head of the
 * answer and its body at the reader's pace. Not by fetch, which costs each scrape far more than this.
 */
import { BrokenOff, type WireAnswer, WireExchange } from "./wire-exchange.ts";

/** Where the application is. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
  /** TLS; `verify` tells whether the certificate is checked. */
  readonly tls: { readonly verify: boolean } | undefined;
}

/** Kept connections: as many as are likely to be scraped at once. */
const MAX_IDLE = 16;

/** How long a connection is kept without a question, in seconds: longer than most scrape intervals. */
const IDLE_SECONDS = 90;

/** A question under way. */
export interface Call {
  /** Rejects with the error of the connection, {@link BrokenOff} or `MalformedAnswer`. */
  readonly answer: Promise<WireAnswer>;
  /** Nobody wants the answer any more: the connection is given up. */
  abort(): void;
}

/** Asks an application, over connections that are kept between questions. */
export class Dialer {
  readonly #target: Target;
  readonly #idle: Line[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  /** Sends a request. */
  ask(request: Uint8Array, method: "GET" | "HEAD"): Call {
    let line: Line | undefined;
    let exchange: WireExchange | undefined;
    let aborted = false;
    const attempt = async (): Promise<WireAnswer> => {
      for (;;) {
        const kept = this.#takeIdle();
        line = kept ?? this.#open();
        if (kept === undefined) await this.#connect(line);
        if (aborted || line.closed) throw new BrokenOff(true);
        exchange = line.begin(request, method);
        try {
          return await exchange.answer.promise;
        } catch (error) {
          // A kept connection may have been closed just then (RFC 9112, 9.3.1): a GET is asked again.
          const stale = kept !== undefined && error instanceof BrokenOff && error.unanswered;
          if (!stale || aborted) throw error;
        }
      }
    };
    return {
      answer: attempt(),
      abort: () => {
        aborted = true;
        // The exchange, never the line: that may carry somebody else's question by now.
        if (exchange === undefined) line?.cut();
        else exchange.abort();
      },
    };
  }

  #takeIdle(): Line | undefined {
    for (let line = this.#idle.pop(); line !== undefined; line = this.#idle.pop()) {
      if (!line.closed) return line;
    }
    return undefined;
  }

  #open(): Line {
    return new Line((free) => {
      if (this.#idle.length >= MAX_IDLE) return false;
      this.#idle.push(free);
      return true;
    });
  }

  async #connect(line: Line): Promise<void> {
    const { hostname, port, tls } = this.#target;
    await Bun.connect<Line>({
      hostname,
      port,
      data: line,
      ...(tls === undefined ? {} : { tls: { rejectUnauthorized: tls.verify } }),
      socket: {
        open: (socket) => socket.data.opened(socket),
        handshake: (socket, authorized) => {
          if (tls?.verify && !authorized) socket.terminate();
          else socket.data.secured();
        },
        data: (socket, chunk) => socket.data.data(chunk),
        drain: (socket) => socket.data.drained(),
        end: (socket) => socket.data.finished(),
        timeout: (socket) => void socket.end(),
        close: (socket, error) => socket.data.ended(error === undefined),
        error: () => {}, // A close follows.
      },
    });
    if (tls !== undefined) await line.handshake();
  }
}

interface LineSocket {
  write(data: Uint8Array): number;
  pause(): void;
  resume(): void;
  timeout(seconds: number): void;
  terminate(): void;
  end(): void;
}

/** One connection to the application, with at most one question under way. */
class Line {
  closed = false;
  /** Takes the line back for the next question, or not. */
  readonly #release: (line: Line) => boolean;
  readonly #secured = Promise.withResolvers<void>();
  #socket: LineSocket | undefined;
  #cut = false;
  #finished = false;
  #unsent: Uint8Array = NOTHING;
  #exchange: WireExchange | undefined;

  constructor(release: (line: Line) => boolean) {
    this.#release = release;
  }

  opened(socket: LineSocket): void {
    this.#socket = socket;
    if (this.#cut) socket.terminate();
  }

  secured(): void {
    this.#secured.resolve();
  }

  /** Resolves when the TLS handshake is over, well or not. */
  async handshake(): Promise<void> {
    await this.#secured.promise;
  }

  /** Gives the connection up, whatever is under way, also before it is there. */
  cut(): void {
    this.#cut = true;
    this.closed = true;
    this.#secured.resolve();
    this.#socket?.terminate();
  }

  /** Lets the application send, or not. */
  flow(on: boolean): void {
    if (on) this.#socket?.resume();
    else this.#socket?.pause();
  }

  /** Asks; the line must not be closed, and nothing else under way on it. */
  begin(request: Uint8Array, method: "GET" | "HEAD"): WireExchange {
    const exchange = new WireExchange(method, this);
    this.#exchange = exchange;
    this.#socket?.timeout(0);
    this.#unsent = request;
    this.drained();
    return exchange;
  }

  /** The answer under way is whole or lost. */
  done(reusable: boolean): void {
    this.#exchange = undefined;
    if (reusable && !this.closed && this.#release(this)) this.#socket?.timeout(IDLE_SECONDS);
    else this.#socket?.end();
  }

  drained(): void {
    if (this.#unsent.length === 0) return;
    const taken = this.#socket?.write(this.#unsent) ?? -1;
    if (taken === this.#unsent.length) this.#unsent = NOTHING;
    else if (taken >= 0) this.#unsent = this.#unsent.subarray(taken);
  }

  data(chunk: Buffer): void {
    // Bytes that nobody asked for: no answer that comes after them could be told apart.
    if (this.#exchange === undefined) this.cut();
    else this.#exchange.data(chunk);
  }

  /** The application ended its side. */
  finished(): void {
    this.#finished = true;
    this.#socket?.end();
  }

  ended(orderly: boolean): void {
    this.closed = true;
    this.#secured.resolve();
    this.#exchange?.ended(orderly && this.#finished && !this.#cut);
  }
}

const NOTHING = new Uint8Array();
