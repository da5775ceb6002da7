/** One HTTP/1.1 client connection over raw TCP: from any local address, ended as a test wants it ended. */
import { connect, type Socket } from "node:net";
import { type Answer, AnswerReader } from "./answer-reader.ts";

/** The connection ended, or time ran out, before the answer was whole. */
export class AnswerLost extends Error {
  override readonly name = "AnswerLost";
  /** Bytes that had arrived, head included. */
  readonly received: number;
  constructor(message: string, received: number) {
    super(message);
    this.received = received;
  }
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Address to come from: any of 127.0.0.0/8 works on Linux. */
  readonly localAddress?: string | undefined;
}

export interface Question {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest wait for the last byte, default 10 s. */
  readonly timeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** An open connection. It reads only while it waits for an answer. */
export class HttpConnection {
  readonly #socket: Socket;
  #over: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => (this.#over ??= error));
    socket.on("close", () => (this.#over ??= new Error("The connection is closed")));
    socket.on("end", () => (this.#over ??= new Error("The server ended the connection")));
  }

  /** Connects. Rejects if the port refuses. */
  static async open({ host, port, localAddress }: Endpoint): Promise<HttpConnection> {
    const socket = connect({ host, port, ...(localAddress ? { localAddress } : {}) });
    const opened = Promise.withResolvers<void>();
    const timer = setTimeout(() => opened.reject(new Error("No connection")), CONNECT_TIMEOUT_MS);
    socket.once("connect", () => opened.resolve());
    socket.once("error", (error) => opened.reject(error));
    try {
      await opened.promise;
    } finally {
      clearTimeout(timer);
    }
    return new HttpConnection(socket);
  }

  /** Whether the server has ended or broken the connection. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** Sends a request and does not wait for anything. */
  send({ method = "GET", target, headers = {} }: Question): void {
    const lines = Object.entries({ Host: "target", ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
    this.#socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  }

  /** Sends a request and reads the whole answer. Throws {@link AnswerLost}. */
  async ask(question: Question): Promise<Answer> {
    this.send(question);
    return await this.answer(question);
  }

  /** Reads the whole answer to a request that was sent before. Throws {@link AnswerLost}. */
  async answer({ method, timeoutMs }: Partial<Question> = {}): Promise<Answer> {
    const reader = new AnswerReader(method === "HEAD");
    await this.#read(timeoutMs ?? 10_000, (chunk) => reader.push(chunk), reader);
    return reader.answer();
  }

  /** Reads at least so many bytes and then takes no more. */
  async take(bytes: number): Promise<void> {
    let received = 0;
    await this.#read(10_000, (chunk) => {
      received += chunk.length;
      return received >= bytes;
    });
    this.#socket.pause();
  }

  /** From now on takes nothing that arrives. */
  takeNothing(): void {
    this.#socket.pause();
  }

  /** Ends this side (FIN). */
  end(): void {
    this.#socket.end();
  }

  /** Breaks the connection (RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async #read(
    timeoutMs: number,
    push: (chunk: Buffer) => boolean,
    reader?: AnswerReader,
  ): Promise<void> {
    const done = Promise.withResolvers<void>();
    let received = 0;
    const lost = (why: string) => done.reject(new AnswerLost(why, received));
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      try {
        if (push(chunk)) done.resolve();
      } catch (error) {
        done.reject(error);
      }
    };
    const onEnd = () => (reader?.ended() ? done.resolve() : lost("The connection ended"));
    const timer = setTimeout(() => lost(`Not whole after ${timeoutMs} ms`), timeoutMs);
    this.#socket.on("data", onData);
    for (const event of ["end", "close", "error"]) this.#socket.on(event, onEnd);
    this.#socket.resume();
    if (this.over) lost("The connection was over");
    try {
      await done.promise;
    } finally {
      clearTimeout(timer);
      this.#socket.off("data", onData);
      for (const event of ["end", "close", "error"]) this.#socket.off(event, onEnd);
    }
  }
}
