/** Bytes from the application -> the head of its answer, and the body that follows (RFC 9112). Pure. */
import { type HeaderBlock, responseBlock } from "./headers.ts";

/** The application answered something that is not HTTP/1.1. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** How the body that follows is delimited. */
export type BodyKind =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** Until the connection ends. */
  | { readonly kind: "close" };

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderBlock;
  readonly body: BodyKind;
  /** `Content-Length`, which an answer to HEAD has without a body. */
  readonly length: number | undefined;
  /** Whether the connection can be used again after the body. */
  readonly keepAlive: boolean;
  /** Length of the head in bytes, with the blank line. */
  readonly size: number;
}

/** Larger than any head that an application sends with its metrics. */
const MAX_HEAD_BYTES = 64 * 1024;

const BLANK_LINE = Buffer.from("\r\n\r\n");

/**
 * Reads the head of an answer, or gives `undefined` while it is incomplete. An interim answer (1xx) is
 * passed over by its reader. Throws {@link MalformedAnswer}.
 */
export function parseAnswerHead(bytes: Buffer, method: "GET" | "HEAD"): AnswerHead | undefined {
  const end = bytes.indexOf(BLANK_LINE);
  if (end < 0) {
    if (bytes.length > MAX_HEAD_BYTES)
      throw new MalformedAnswer("The head of the answer has no end");
    return undefined;
  }
  const lines = bytes.toString("latin1", 0, end).split("\r\n");
  const match = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(lines[0] ?? "");
  if (match === null) throw new MalformedAnswer("The answer does not begin as one of HTTP/1.1");
  const [, minor, code, statusText = ""] = match;
  const status = Number(code);
  lines.shift();
  const { length, chunked, connection } = readFields(lines);
  const persists =
    minor === "1" ? !/\bclose\b/i.test(connection ?? "") : /\bkeep-alive\b/i.test(connection ?? "");
  const body = bodyKind({ status, method, length, chunked });
  return {
    status,
    statusText,
    headers: responseBlock(lines, connection),
    body,
    length: chunked ? undefined : length,
    keepAlive: persists && body.kind !== "close",
    size: end + BLANK_LINE.length,
  };
}

// oxlint-disable-next-line no-control-regex -- control characters are what must not pass
const FIELD = /^[!#$%&'*+.^_`|~\w-]+:[^\u0000-\u0008\u000a-\u001f\u007f]*$/;

interface Fields {
  length: number | undefined;
  chunked: boolean;
  connection: string | null;
}

function readFields(lines: readonly string[]): Fields {
  const fields: Fields = { length: undefined, chunked: false, connection: null };
  for (const line of lines) {
    const colon = line.indexOf(":");
    // What a lenient client might read as a line or a framing of its own must not pass through.
    if (!FIELD.test(line)) throw new MalformedAnswer("A header line of the answer is malformed");
    // Only three decide anything, and their first letters, c and t, spare most lines the rest.
    const first = line.charCodeAt(0) | 0x20;
    if (first === 0x63 || first === 0x74) {
      readField(fields, line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
  }
  return fields;
}

function readField(fields: Fields, name: string, value: string): void {
  if (name === "content-length") {
    const bytes = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(bytes) || (fields.length !== undefined && fields.length !== bytes)) {
      throw new MalformedAnswer("The answer's Content-Length is no length");
    }
    fields.length = bytes;
  } else if (name === "transfer-encoding") {
    if (value.toLowerCase() !== "chunked") {
      throw new MalformedAnswer(`The answer's Transfer-Encoding "${value}" is unknown`);
    }
    fields.chunked = true;
  } else if (name === "connection") {
    fields.connection = fields.connection === null ? value : `${fields.connection}, ${value}`;
  }
}

function bodyKind(answer: {
  readonly status: number;
  readonly method: string;
  readonly length: number | undefined;
  readonly chunked: boolean;
}): BodyKind {
  const { status, method, length, chunked } = answer;
  if (method === "HEAD" || status === 204 || status === 304) return { kind: "none" };
  if (chunked) return { kind: "chunked" };
  if (length !== undefined)
    return length === 0 ? { kind: "none" } : { kind: "length", bytes: length };
  return { kind: "close" };
}

/** What a decoder made of a piece of the connection's bytes. */
export interface Decoded {
  readonly chunks: readonly Uint8Array[];
  /** Whether the body is whole now. */
  readonly done: boolean;
  /** Whether bytes came after it: they belong to no answer. */
  readonly excess: boolean;
}

/** Takes the bytes after a head, piece by piece. Throws {@link MalformedAnswer}. */
export interface BodyDecoder {
  push(bytes: Buffer): Decoded;
  /** Whether the end of the connection is the end of a whole body. */
  readonly endsWithConnection: boolean;
}

/** A decoder for that body. */
export function createDecoder(body: BodyKind): BodyDecoder {
  switch (body.kind) {
    case "chunked":
      return new ChunkDecoder();
    case "length":
      return new LengthDecoder(body.bytes);
    case "none":
      return new LengthDecoder(0);
    case "close":
      return {
        push: (bytes) => ({ chunks: [bytes], done: false, excess: false }),
        endsWithConnection: true,
      };
  }
}

class LengthDecoder implements BodyDecoder {
  readonly endsWithConnection = false;
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  push(bytes: Buffer): Decoded {
    const excess = bytes.length > this.#left;
    const chunk = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= chunk.length;
    return { chunks: chunk.length > 0 ? [chunk] : [], done: this.#left === 0, excess };
  }
}

/** RFC 9112, 7.1. Chunk extensions and trailers are passed over. */
class ChunkDecoder implements BodyDecoder {
  readonly endsWithConnection = false;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the current chunk still to come, with their CRLF; negative: a size line is due. */
  #left = -1;
  #trailers = false;

  push(bytes: Buffer): Decoded {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    const chunks: Uint8Array[] = [];
    while (this.#rest.length > 0) {
      if (this.#left >= 0) {
        if (!this.#takeData(chunks)) break;
        continue;
      }
      const line = this.#takeLine();
      if (line === undefined) break;
      if (this.#trailers) {
        if (line === "") return { chunks, done: true, excess: this.#rest.length > 0 };
      } else {
        this.#begin(line);
      }
    }
    return { chunks, done: false, excess: false };
  }

  #begin(line: string): void {
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new MalformedAnswer("A chunk of the answer has no size");
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0) this.#trailers = true;
    else this.#left = bytes + 2;
  }

  /** False while the chunk's own CRLF is still to come. */
  #takeData(chunks: Uint8Array[]): boolean {
    const data = Math.min(this.#left - 2, this.#rest.length);
    if (data > 0) {
      chunks.push(this.#rest.subarray(0, data));
      this.#rest = this.#rest.subarray(data);
      this.#left -= data;
    }
    if (this.#left > 2) return true;
    if (this.#rest.length < this.#left) return false;
    if (this.#left === 2 && this.#rest.toString("latin1", 0, 2) !== "\r\n") {
      throw new MalformedAnswer("A chunk of the answer is longer than its size");
    }
    this.#rest = this.#rest.subarray(this.#left);
    this.#left = -1;
    return true;
  }

  #takeLine(): string | undefined {
    const end = this.#rest.indexOf("\r\n");
    if (end < 0) {
      if (this.#rest.length > 8192) throw new MalformedAnswer("A chunk of the answer has no size");
      return undefined;
    }
    const line = this.#rest.toString("latin1", 0, end);
    this.#rest = this.#rest.subarray(end + 2);
    return line;
  }
}
