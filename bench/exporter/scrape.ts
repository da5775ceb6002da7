/** A scrape of a page, plain or gzipped. */
import { readPage } from "./page.ts";

export const ENCODINGS = ["plain", "gzip"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Where every peer has its page. */
export const PATH = "/metrics";

/** A page as it came. */
export interface Fetched {
  /** As they were sent. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentEncoding: string | null;
}

/** The headers of a scrape that accepts that encoding and the text format, or nothing else. */
export function scrapeHeaders(encoding: Encoding): Readonly<Record<string, string>> {
  const accepted = encoding === "gzip" ? "gzip" : "identity";
  return { Accept: "text/plain;version=0.0.4", "Accept-Encoding": accepted };
}

/** The bytes of a request, for a connection that is kept. */
export function requestBytes(path: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join("")}\r\n`);
}

/** Scrapes once. Throws if the answer is no 200, or another encoding. */
export async function fetchPage(port: number, encoding: Encoding): Promise<Fetched> {
  // `decompress` is Bun's own and not in the type of fetch: the bytes as they are.
  const init = { headers: scrapeHeaders(encoding), decompress: false } as BunFetchRequestInit;
  const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, init);
  const contentEncoding = answer.headers.get("content-encoding");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (answer.status !== 200 || (contentEncoding === "gzip") !== (encoding === "gzip")) {
    throw new Error(`A ${encoding} page came as ${answer.status} ${contentEncoding}`);
  }
  return { bytes, contentEncoding };
}

/** What a page says of its collection. */
export function pageOf({ bytes, contentEncoding }: Fetched) {
  const plain = contentEncoding === "gzip" ? Bun.gunzipSync(bytes) : bytes;
  return readPage(new TextDecoder().decode(plain));
}
