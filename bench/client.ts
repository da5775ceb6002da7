/** A scraper on one raw connection: asks with bytes made beforehand and notes when the answer is whole. */
import { SCRAPE_HEADERS } from "./peers.ts";

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = "0\r\n\r\n";

/** The bytes of a scrape of that path. */
export function scrapeBytes(path: string): Buffer {
  const headers = Object.entries(SCRAPE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join("")}\r\n`);
}

/** Follows one answer: fed with what arrives, says when it is whole. Throws if it is no 200. */
export class AnswerReader {
  #head: Buffer | undefined;
  /** Bytes of the body still to come; `undefined` while the head is incomplete. */
  #left: number | undefined;
  #chunked = false;

  /** Whether these bytes end the answer; the next one may follow. */
  takes(bytes: Buffer): boolean {
    if (this.#left === undefined) {
      const start = this.#head ? Buffer.concat([this.#head, bytes]) : bytes;
      const end = start.indexOf(HEAD_END);
      this.#head = end < 0 ? start : undefined;
      if (end < 0) return false;
      this.#readHead(start.toString("latin1", 0, end));
      this.#left = (this.#left ?? 0) - (start.length - end - HEAD_END.length);
    } else {
      this.#left -= bytes.length;
    }
    // In one of the bench's own pages no piece ends like a last chunk, unless it is one.
    const whole = this.#chunked
      ? bytes.toString("latin1", Math.max(0, bytes.length - LAST_CHUNK.length)) === LAST_CHUNK
      : this.#left === 0;
    if (whole) this.#left = undefined;
    return whole;
  }

  #readHead(head: string): void {
    if (!head.startsWith("HTTP/1.1 200")) throw new Error(`Not a 200: ${head}`);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#chunked = length === undefined;
    this.#left = Number(length ?? 0);
  }
}

/** Scrapes so many times, each after the one before, and gives how long each took in milliseconds. */
export async function scrapeTimes(
  port: number,
  request: Buffer,
  count: number,
): Promise<Float64Array> {
  const times = new Float64Array(count);
  const reader = new AnswerReader();
  const done = Promise.withResolvers<void>();
  let at = 0;
  let askedNs = 0;
  const ask = (socket: Bun.Socket) => {
    askedNs = Bun.nanoseconds();
    socket.write(request);
  };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(self, bytes) {
        if (!reader.takes(bytes)) return;
        times[at++] = (Bun.nanoseconds() - askedNs) / 1e6;
        if (at < count) ask(self);
        else done.resolve();
      },
      error: (_, error) => done.reject(error),
      close: () => done.reject(new Error("The connection was closed")),
    },
  });
  ask(socket);
  await done.promise;
  socket.end();
  return times;
}
