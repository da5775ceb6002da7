/** Chunks that stream past -> the page that they are together. */
import type { Page } from "./capture.ts";

/** Collects a page of at most `maxBytes`; of a larger one nothing is kept. */
export class Keeper {
  readonly #maxBytes: number;
  readonly #page: Omit<Page, "bytes">;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number, page: Omit<Page, "bytes">) {
    this.#maxBytes = maxBytes;
    this.#page = page;
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#maxBytes) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  /** The page, unless it was larger than what is kept. */
  page(): Page | undefined {
    if (this.#bytes > this.#maxBytes) return undefined;
    return { ...this.#page, bytes: Buffer.concat(this.#chunks) };
  }
}
