/** A body -> all of its bytes, or what came until a limit and the rest still to come. */
import type { WireAnswer } from "./wire-exchange.ts";

/** A body that was read: all of it, or what came until the limit and the rest still to come. */
export type Read =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "large"; readonly all: AsyncIterable<Uint8Array> };

export interface ReadOptions {
  readonly maxBytes: number;
  /** The body's length where it is known: room is made once, instead of piece by piece. */
  readonly length: number | undefined;
}

/** Reads a body of at most `maxBytes`. Throws if it breaks off before. */
export async function readWhole(
  body: WireAnswer["body"],
  { maxBytes, length }: ReadOptions,
): Promise<Read> {
  if (body === undefined) return { kind: "whole", bytes: new Uint8Array() };
  if (body instanceof Uint8Array) {
    const fits = body.length <= maxBytes;
    return fits ? { kind: "whole", bytes: body } : { kind: "large", all: only(body) };
  }
  const source = body[Symbol.asyncIterator]();
  if (length !== undefined && length <= maxBytes) {
    return { kind: "whole", bytes: await readKnown(source, length) };
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await source.next();
    if (next.done) return { kind: "whole", bytes: Buffer.concat(chunks) };
    chunks.push(next.value);
    size += next.value.length;
    if (size > maxBytes) return { kind: "large", all: goOn(chunks, source) };
  }
}

async function readKnown(source: AsyncIterator<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let size = 0;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    bytes.set(next.value, size);
    size += next.value.length;
  }
  return bytes;
}

// oxlint-disable-next-line typescript/require-await -- an async iterable is what a stream is
async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* goOn(
  chunks: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (;;) {
      const next = await source.next();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await source.return?.();
  }
}
