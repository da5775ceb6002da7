/**
 * TCP connections to the application, kept for the next question: a request's bytes -> the head of the
 * answer and its body at the reader's pace. Bun's fetch costs more than all the rest of the proxy.
 */
import { BrokenOff, type WireAnswer, WireExchange } from "./wire-exchange.ts";

/** Where the application is. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
  /** TLS; `verify` tells whether the certificate is checked. */
  readonly tls: { readonly verify: boolean } | undefined;
}

/** Kept connections; scrapers are few, and each connection costs the application memory. */
const MAX_IDLE = 4;

/** Asks an application, over connections that are kept between questions. */
export class Dialer {
  readonly #target: Target;
  readonly #idle: Line[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  /** Sends a request. Rejects with the error of the connection, {@link BrokenOff} or `MalformedAnswer`. */
  async ask(request: Uint8Array, method: "GET" | "HEAD", signal: AbortSignal): Promise<WireAnswer> {
    for (;;) {
      const kept = this.#takeIdle();
      const line = kept ?? (await this.#connect());
      try {
        return await line.ask(request, method, signal);
      } catch (error) {
        // A kept connection may have been closed just then (RFC 9112, 9.3.1): a GET is asked again.
        const stale = kept !== undefined && error instanceof BrokenOff && error.unanswered;
        if (!stale || signal.aborted) throw error;
      }
    }
  }

  #takeIdle(): Line | undefined {
    for (let line = this.#idle.pop(); line !== undefined; line = this.#idle.pop()) {
      if (!line.closed) return line;
    }
    return undefined;
  }

  async #connect(): Promise<Line> {
    const { hostname, port, tls } = this.#target;
    const line = new Line((free) => {
      if (this.#idle.length < MAX_IDLE) this.#idle.push(free);
      else free.close();
    });
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
        end: (socket) => void socket.end(),
        close: (socket) => socket.data.ended(),
        error: () => {}, // A close follows.
      },
    });
    await line.usable(tls !== undefined);
    return line;
  }
}

interface LineSocket {
  write(data: Uint8Array): number;
  pause(): void;
  resume(): void;
  terminate(): void;
  end(): void;
}

/** One connection to the application, with at most one question under way. */
class Line {
  closed = false;
  readonly #release: (line: Line) => void;
  readonly #secured = Promise.withResolvers<void>();
  #socket: LineSocket | undefined;
  #unsent: Uint8Array = Buffer.alloc(0);
  #exchange: WireExchange | undefined;

  constructor(release: (line: Line) => void) {
    this.#release = release;
  }

  opened(socket: LineSocket): void {
    this.#socket = socket;
  }

  secured(): void {
    this.#secured.resolve();
  }

  /** Resolves when a question can be sent; with TLS that is after the handshake. */
  async usable(tls: boolean): Promise<void> {
    if (tls) await this.#secured.promise;
    if (this.closed) throw new BrokenOff(true);
  }

  close(): void {
    this.#socket?.end();
  }

  async ask(request: Uint8Array, method: "GET" | "HEAD", signal: AbortSignal): Promise<WireAnswer> {
    const cut = () => this.#socket?.terminate();
    const exchange = new WireExchange(method, {
      flow: (on) => (on ? this.#socket?.resume() : this.#socket?.pause()),
      cut,
      done: (reusable) => {
        signal.removeEventListener("abort", cut);
        this.#exchange = undefined;
        if (reusable && !this.closed) this.#release(this);
        else this.close();
      },
    });
    this.#exchange = exchange;
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
    this.#unsent = request;
    this.drained();
    return await exchange.answer.promise;
  }

  drained(): void {
    if (this.#unsent.length === 0) return;
    const taken = this.#socket?.write(this.#unsent) ?? -1;
    if (taken >= 0) this.#unsent = this.#unsent.subarray(taken);
  }

  data(chunk: Buffer): void {
    // Bytes that nobody asked for: no answer that comes after them could be told apart.
    if (this.#exchange === undefined) this.#socket?.terminate();
    // Copied, because Bun uses the memory again for the next read.
    else this.#exchange.data(Buffer.from(chunk));
  }

  ended(): void {
    this.closed = true;
    this.#secured.resolve();
    this.#exchange?.ended();
  }
}
