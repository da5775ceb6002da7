/** An answer -> bytes written at the reader's pace, whole or visibly broken off. */
import type { HeaderBlock } from "./headers.ts";
import { type Framing, type RequestHead, renderHead } from "./message.ts";

/** How sending an answer ended: `cut` by the client, `broken` off by the body's source. */
export type Transfer = "whole" | "cut" | "broken";

/** What an answer consists of. */
export interface Body {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderBlock;
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Length of a streamed body, or of the one that a HEAD asks after, where it is known. */
  readonly length?: number | undefined;
}

/** Hands bytes over; false if nobody takes them any more. */
export type Write = (data: Uint8Array) => Promise<boolean>;

/** How a transfer ended, and the bytes of the body that were handed over. */
export interface Transmission {
  readonly transfer: Transfer;
  readonly bytes: number;
}

/** Small answers are sent with their head in one write. */
const COALESCE_BYTES = 64 * 1024;

const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** How an answer to that request is delimited (RFC 9112, 6.3). */
export function chooseFraming(
  { status, body, length }: Body,
  { method, http10 }: Pick<RequestHead, "method" | "http10">,
): Framing {
  if (method === "HEAD" || status === 204 || status === 304) return { kind: "none" };
  if (body === undefined) return { kind: "length", bytes: 0 };
  if (body instanceof Uint8Array) return { kind: "length", bytes: body.length };
  if (length !== undefined) return { kind: "length", bytes: length };
  return { kind: http10 ? "close" : "chunked" };
}

/** Sends an answer. After anything but `whole` the connection has to be reset. */
export async function transmit(
  answer: Body,
  { framing, keepAlive }: { readonly framing: Framing; readonly keepAlive: boolean },
  write: Write,
): Promise<Transmission> {
  const { body } = answer;
  const head = renderHead(answer, framing, keepAlive);
  if (framing.kind === "none" || body === undefined) return ended(await write(encode(head)), 0);
  if (body instanceof Uint8Array) {
    const taken =
      body.length <= COALESCE_BYTES
        ? await write(encode(head, body))
        : (await write(encode(head))) && (await write(body));
    return ended(taken, body.length);
  }
  if (!(await write(encode(head)))) return ended(false, 0);
  return await stream(body, framing, write);
}

/** A head, with the body behind it, in one piece of memory. */
function encode(head: string, body?: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(head.length + (body?.length ?? 0));
  bytes.write(head, 0, "latin1");
  if (body) bytes.set(body, head.length);
  return bytes;
}

async function stream(
  body: AsyncIterable<Uint8Array>,
  framing: Framing,
  write: Write,
): Promise<Transmission> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      // An empty chunk would be the last one.
      if (chunk.length === 0) continue;
      if (!(await write(framing.kind === "chunked" ? chunkOf(chunk) : chunk))) {
        return { transfer: "cut", bytes };
      }
      bytes += chunk.length;
    }
  } catch {
    return { transfer: "broken", bytes }; // Whoever gave the body has its own report of why.
  }
  if (framing.kind === "length" && bytes !== framing.bytes) return { transfer: "broken", bytes };
  return ended(framing.kind !== "chunked" || (await write(LAST_CHUNK)), bytes);
}

function ended(taken: boolean, bytes: number): Transmission {
  return taken ? { transfer: "whole", bytes } : { transfer: "cut", bytes: 0 };
}

function chunkOf(chunk: Uint8Array): Uint8Array {
  const size = Buffer.from(`${chunk.length.toString(16)}\r\n`);
  return Buffer.concat([size, chunk, Buffer.from("\r\n")]);
}
