/** One connection on which one request at a time is asked, with bytes made beforehand. */

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = "0\r\n\r\n";

/** Follows the answers of one connection: fed with what arrives, says when one is whole. */
export class AnswerReader {
  readonly #marker: string | undefined;
  #head: Buffer | undefined;
  /** Bytes of the body still to come; `undefined` while the head is incomplete. */
  #left: number | undefined;
  #chunked = false;
  #marked = false;
  #closing = false;

  /** Of each answer's body one piece has to hold the marker. */
  constructor(marker?: string) {
    this.#marker = marker;
  }

  /** Whether the server said that it closes the connection after this answer. */
  get closing(): boolean {
    return this.#closing;
  }

  /**
   * Whether these bytes end the answer; the next one may follow. Throws if it is no 200 or ends
   * without the marker.
   */
  takes(bytes: Buffer): boolean {
    let body = bytes;
    if (this.#left === undefined) {
      const start = this.#head ? Buffer.concat([this.#head, bytes]) : bytes;
      const end = start.indexOf(HEAD_END);
      this.#head = end < 0 ? start : undefined;
      if (end < 0) return false;
      this.#left = this.#readHead(start.toString("latin1", 0, end));
      body = start.subarray(end + HEAD_END.length);
    }
    this.#left -= body.length;
    this.#marked ||= this.#marker === undefined || body.includes(this.#marker);
    // In what the bench asks for no piece ends like a last chunk, unless it is one.
    const whole = this.#chunked
      ? body.toString("latin1", Math.max(0, body.length - LAST_CHUNK.length)) === LAST_CHUNK
      : this.#left === 0;
    if (!whole) return false;
    if (!this.#marked) throw new Error(`An answer without ${this.#marker}`);
    this.#left = undefined;
    return true;
  }

  #readHead(head: string): number {
    if (!head.startsWith("HTTP/1.1 200")) throw new Error(`Not a 200: ${head}`);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#chunked = length === undefined;
    this.#marked = false;
    this.#closing = /\r\nconnection: *close/i.test(head);
    return Number(length ?? 0);
  }
}

/** Where to connect to, always on 127.0.0.1. */
export interface Target {
  readonly port: number;
  /** PEM of the authorities that the server's certificate may come from; without it plain TCP. */
  readonly ca?: string;
  /** What every answer's body has to hold. */
  readonly marker?: string;
}

/** A kept connection. */
export class Connection {
  readonly #reader: AnswerReader;
  #socket: Bun.Socket | undefined;
  #asked: PromiseWithResolvers<number> | undefined;
  #unsent: Buffer = Buffer.alloc(0);
  #fingerprint = "";

  private constructor(target: Target) {
    this.#reader = new AnswerReader(target.marker);
  }

  /** Connects, and over TLS ends the handshake. Rejects if the certificate cannot be verified. */
  static async open(target: Target): Promise<Connection> {
    const self = new Connection(target);
    const opened = Promise.withResolvers<void>();
    const fail = (error: Error) => {
      self.#socket = undefined;
      opened.reject(error);
      self.#asked?.reject(error);
    };
    self.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: target.port,
      ...(target.ca === undefined ? {} : { tls: { ca: target.ca, serverName: "localhost" } }),
      socket: {
        open: () => {
          if (target.ca === undefined) opened.resolve();
        },
        handshake: (socket, verified, error) => {
          if (!verified) {
            fail(error ?? new Error("The certificate cannot be verified"));
            return socket.terminate();
          }
          self.#fingerprint = socket.getPeerCertificate().fingerprint256;
          opened.resolve();
        },
        data: (_, bytes) => self.#take(bytes, fail),
        drain: () => self.#send(),
        error: (_, error) => fail(error),
        close: () => fail(new Error("The connection was closed")),
      },
    });
    await opened.promise;
    return self;
  }

  /** Whether another request may be asked: the server has neither closed it nor said that it will. */
  get usable(): boolean {
    return this.#socket !== undefined && !this.#reader.closing;
  }

  /** SHA-256 of the certificate that the server showed; empty without TLS. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /**
   * Asks and gives the moment at which the answer was whole, in nanoseconds of `Bun.nanoseconds()`.
   * Rejects if the connection ends before, or with what {@link AnswerReader} finds wrong.
   */
  async ask(request: Buffer): Promise<number> {
    if (this.#socket === undefined) throw new Error("The connection was closed");
    this.#asked = Promise.withResolvers();
    this.#unsent = request;
    this.#send();
    return await this.#asked.promise;
  }

  end(): void {
    this.#socket?.end();
  }

  #take(bytes: Buffer, fail: (error: Error) => void): void {
    try {
      if (this.#reader.takes(bytes)) this.#asked?.resolve(Bun.nanoseconds());
    } catch (error) {
      const socket = this.#socket;
      fail(error instanceof Error ? error : new Error(String(error)));
      socket?.terminate();
    }
  }

  #send(): void {
    if (this.#unsent.length === 0) return;
    const sent = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = this.#unsent.subarray(Math.max(0, sent));
  }
}
