/**
 * A snapshot in one thread -> the same one in another, without a copy. A Blob in a message is copied, which
 * takes the receiver milliseconds; its object URL is known in the whole process.
 */
import { resolveObjectURL } from "node:buffer";
import type { Format } from "./exposition.ts";
import type { Encoded, Snapshot } from "./snapshot.ts";

/** A snapshot whose Blobs wait to be taken. Fit for a message. */
export interface LentSnapshot extends Omit<Snapshot, "pages" | "status"> {
  readonly statusUrl: string;
  readonly urls: Readonly<Record<Format, { readonly plain: string; readonly gzip: string }>>;
}

/** Makes a snapshot fit for a message. It has to be taken, or it stays in memory. */
export function lend({ pages, status, ...rest }: Snapshot): LentSnapshot {
  const urls = { text: lendPage(pages.text), openmetrics: lendPage(pages.openmetrics) };
  return { ...rest, urls, statusUrl: URL.createObjectURL(status) };
}

function lendPage({ plain, gzip }: Encoded) {
  return { plain: URL.createObjectURL(plain), gzip: URL.createObjectURL(gzip) };
}

/** Takes what was lent, once. Throws where there is nothing of that kind. */
export function take({ urls, statusUrl, ...rest }: LentSnapshot): Snapshot {
  const pages = { text: takePage(urls.text), openmetrics: takePage(urls.openmetrics) };
  return { ...rest, pages, status: takeBlob(statusUrl) };
}

function takePage({ plain, gzip }: LentSnapshot["urls"][Format]): Encoded {
  return { plain: takeBlob(plain), gzip: takeBlob(gzip) };
}

function takeBlob(url: string): Blob {
  const blob = resolveObjectURL(url);
  if (blob === undefined) throw new ReferenceError(`No page waits at ${url}`);
  URL.revokeObjectURL(url);
  return blob;
}
