/** The bytes of one HTTP/1.1 answer -> status, headers and body, with its end found strictly. */

/** An answer, whole to its last byte. */
export interface Answer {
  readonly status: number;
  /** As they were on the wire; a blank value is there as "". */
  readonly headers: ReadonlyMap<string, string>;
  /** Still compressed, no longer chunked. */
  readonly body: Buffer;
}

type Ending =
  | { readonly kind: "none" | "close" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

/** Reads one answer, however its bytes are cut. Throws on what is no HTTP/1.1. */
export class AnswerReader {
  readonly #isHead: boolean;
  readonly #body: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #bodyBytes = 0;
  #status = 0;
  #headers: ReadonlyMap<string, string> | undefined;
  #ending: Ending = { kind: "none" };
  #chunkLeft = 0;
  #done = false;

  /** `isHead`: the answer to a HEAD request, which has no body whatever it says. */
  constructor(isHead: boolean) {
    this.#isHead = isHead;
  }

  /** Takes the next bytes; gives whether the answer is whole. */
  push(chunk: Buffer): boolean {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#headers === undefined) this.#readHead();
    if (this.#headers !== undefined && !this.#done) this.#readBody(this.#ending);
    return this.#done;
  }

  /** The connection has ended; gives whether that is how this answer ends. */
  ended(): boolean {
    return this.#done || (this.#headers !== undefined && this.#ending.kind === "close");
  }

  /** The whole answer. */
  answer(): Answer {
    const headers = this.#headers ?? new Map();
    return { status: this.#status, headers, body: Buffer.concat(this.#body) };
  }

  #readHead(): void {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [first = "", ...lines] = this.#rest.subarray(0, end).toString("latin1").split("\r\n");
    this.#rest = this.#rest.subarray(end + 4);
    const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1];
    if (status === undefined) throw new Error(`Not HTTP/1.1: ${first}`);
    this.#status = Number(status);
    this.#headers = parseHeaders(lines);
    this.#ending = this.#endingOf(this.#headers);
  }

  #endingOf(headers: ReadonlyMap<string, string>): Ending {
    const bodiless = this.#isHead || this.#status === 204 || this.#status === 304;
    const chunked = headers.get("transfer-encoding") === "chunked";
    const length = headers.get("content-length");
    if (chunked && length !== undefined) throw new Error("Both a length and chunks");
    if (bodiless) return { kind: "none" };
    if (chunked) return { kind: "chunked" };
    return length === undefined ? { kind: "close" } : { kind: "length", bytes: Number(length) };
  }

  #readBody(ending: Ending): void {
    if (ending.kind === "chunked") return this.#readChunks();
    const left = ending.kind === "length" ? ending.bytes - this.#bodyBytes : 0;
    if (ending.kind === "close") this.#take(this.#rest.length);
    else this.#take(Math.min(left, this.#rest.length));
    this.#done =
      ending.kind === "none" || (ending.kind === "length" && this.#bodyBytes === ending.bytes);
    if (this.#done) this.#nothingAfter();
  }

  #readChunks(): void {
    for (;;) {
      this.#chunkLeft -= this.#take(Math.min(this.#chunkLeft, this.#rest.length));
      if (this.#chunkLeft > 0) return;
      // The CRLF after a chunk, if there was one, stands before the next size.
      const match = /^(?:\r\n)?([0-9a-f]+)\r\n/i.exec(
        this.#rest.subarray(0, 24).toString("latin1"),
      );
      if (match?.[1] === undefined) return;
      const size = Number.parseInt(match[1], 16);
      if (size === 0 && this.#rest.length < match[0].length + 2) return;
      this.#rest = this.#rest.subarray(match[0].length + (size === 0 ? 2 : 0));
      this.#chunkLeft = size;
      if (size > 0) continue;
      this.#done = true;
      return this.#nothingAfter();
    }
  }

  #take(bytes: number): number {
    if (bytes > 0) this.#body.push(this.#rest.subarray(0, bytes));
    this.#rest = this.#rest.subarray(bytes);
    this.#bodyBytes += bytes;
    return bytes;
  }

  #nothingAfter(): void {
    if (this.#rest.length > 0) throw new Error(`${this.#rest.length} bytes after the answer's end`);
  }
}

function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`Not a header: ${line}`);
    const name = line.slice(0, colon).toLowerCase();
    if (headers.has(name)) throw new Error(`Two headers named ${name}`);
    headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}
