/** A body -> a response body that passes it on at the reader's pace and tells how that ended. */

/** How a transfer ended: `whole`, the reader left (`cut`), or the source broke off (`broken`). */
export type Transfer = "whole" | "cut" | "broken";

/**
 * Passes `source` on chunk by chunk. `onEnd` is called once, with the bytes passed on. A source that
 * breaks off breaks the connection off as well: a half page must never look like a whole one.
 */
export function relay(
  source: AsyncIterable<Uint8Array>,
  onEnd: (transfer: Transfer, bytes: number) => void,
): ReadableStream<Uint8Array> {
  let bytes = 0;
  let ended = false;
  const end = (transfer: Transfer) => {
    if (!ended) onEnd(transfer, bytes);
    ended = true;
  };
  // A direct stream waits for the reader, and its `end` gives the bytes that the kernel took.
  return new ReadableStream<Uint8Array>({
    type: "direct",
    async pull(sink) {
      try {
        for await (const chunk of source) {
          await sink.write(chunk);
          bytes += chunk.length;
          if (ended) return;
        }
      } catch (error) {
        end("broken");
        sink.close(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      // `undefined`: the reader left before the last byte was handed to the kernel.
      end((await sink.end()) === undefined ? "cut" : "whole");
    },
    cancel: () => end("cut"),
  });
}

/** Bytes that are there already, as a source for {@link relay}. */
// oxlint-disable-next-line typescript/require-await -- an async iterable is what relay takes
export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
