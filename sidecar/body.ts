/** Bodies: one that streams -> all of its bytes, or what came first and the rest; bytes -> pieces at a reader's pace. */

import type { Page } from "./ending/pages.ts";

/** Chunks as they come; `done` with the last. */
export interface Chunks {
  readonly done: boolean;
  readonly value: readonly Uint8Array[];
}

/** A body that is not all here: what has come, and what is still to come. Rejects if it breaks off. */
export interface Streaming {
  readonly first: Chunks;
  readonly more: () => Promise<Chunks>;
}

/** A body that was read: all of it, or what came until the limit and what is still to come. */
export type Read =
  | { readonly kind: "whole"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "large"; readonly body: Streaming };

/** The reader of Bun's, which gives at once all chunks that have arrived. */
interface Reader {
  readMany(): Promise<Chunks>;
}

/**
 * An answer up to this is read before it is passed on, so that one that breaks off is a clean 502, and is sent at
 * once; a longer one goes in pieces of this size at the reader's pace.
 */
export const SMALL_BYTES = 64 * 1024;

/**
 * What has streamed past is garbage, and the collector on its own lets tens of megabytes of it pile up:
 * more than the container's limit has to spare.
 */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

/**
 * Reads a body of at most `maxBytes`. Rejects if it breaks off before, also in what is still to come.
 * `onChunk` tells that some of it has come.
 */
export async function readBody(
  response: Response,
  maxBytes: number,
  onChunk?: () => void,
): Promise<Read> {
  const { body } = response;
  if (body === null) return { kind: "whole", bytes: new Uint8Array() };
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  if (length <= Math.min(maxBytes, SMALL_BYTES)) {
    return { kind: "whole", bytes: new Uint8Array(await response.arrayBuffer()) };
  }
  const reader = body.getReader() as unknown as Reader;
  const more = () => reader.readMany();
  if (length > maxBytes) return { kind: "large", body: { first: NOTHING_YET, more } };
  const first: Uint8Array[] = [];
  for (let size = 0; size <= maxBytes; ) {
    const { done, value } = await reader.readMany();
    onChunk?.();
    for (const chunk of value) size += chunk.length;
    first.push(...value);
    if (done) return { kind: "whole", bytes: join(first) };
  }
  return { kind: "large", body: { first: { done: false, value: first }, more } };
}

const NOTHING_YET: Chunks = { done: false, value: [] };

/** Bytes in pieces: a body of theirs is held once, however many slow readers it has. */
export function inPieces(bytes: Uint8Array): Streaming {
  const value: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += SMALL_BYTES) {
    value.push(bytes.subarray(at, at + SMALL_BYTES));
  }
  const first = { done: true, value };
  return { first, more: () => Promise.resolve(first) };
}

/** Puts chunks together. */
function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  // Most pages come in one chunk, which nobody else holds.
  if (only !== undefined && chunks.length === 1) return only as Uint8Array<ArrayBuffer>;
  return new Uint8Array(Buffer.concat(chunks));
}

/** Collects what streams past, up to so many bytes; of more nothing is kept. */
export class Keeper {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #collectedAt = 0;
  length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(chunk: Uint8Array): void {
    this.length += chunk.length;
    if (this.length <= this.#maxBytes) this.#chunks.push(chunk);
    else this.#chunks = [];
    if (this.length - this.#collectedAt < COLLECT_EVERY_BYTES) return;
    this.#collectedAt = this.length;
    Bun.gc(true);
  }

  /** The page, unless it was larger than what is kept. Put together once somebody wants it. */
  page(rest: Omit<Page, "bytes">): Page | undefined {
    if (this.length > this.#maxBytes) return undefined;
    const chunks = this.#chunks;
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    return {
      ...rest,
      get bytes() {
        bytes ??= join(chunks.splice(0));
        return bytes;
      },
    };
  }
}
