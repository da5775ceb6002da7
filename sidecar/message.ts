/** HTTP/1.1 heads (RFC 9112): the bytes of a request -> what it asks, and an answer's head -> bytes. */
import type { HeaderBlock } from "./headers.ts";

/** The head of a request. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as they were sent: `/metrics?x=1`. */
  readonly target: string;
  readonly headers: Headers;
  /** Whether the connection may carry another request after this one. */
  readonly keepAlive: boolean;
  /** HTTP/1.0 has no chunks. */
  readonly http10: boolean;
  /** Length of the head in bytes, with the blank line. */
  readonly length: number;
}

/** What became of the bytes so far. */
export type Parsed =
  | { readonly kind: "head"; readonly head: RequestHead }
  | { readonly kind: "incomplete" }
  /** Answered with `status`, and the connection ends: what follows cannot be told apart any more. */
  | { readonly kind: "faulty"; readonly status: number; readonly reason: string };

/** Largest head in bytes. Prometheus sends about 400; bearer tokens may take a few thousand. */
export const MAX_HEAD_BYTES = 16 * 1024;

const BLANK_LINE = Buffer.from("\r\n\r\n");

const REQUEST_LINE = /^([!#$%&'*+.^_`|~\w-]+) (\/[^\s\u007f-\uffff]*) HTTP\/1\.([01])$/;

// A name is a token, and nothing may stand between it and the colon (RFC 9112, 5.1). A line that begins
// with a blank is an obsolete fold (5.2), and matches neither.
// oxlint-disable-next-line no-control-regex -- control characters are what must not pass
const FIELD_LINE = /^([!#$%&'*+.^_`|~\w-]+):([^\u0000-\u0008\u000a-\u001f\u007f]*)$/;

/** Reads the head of the next request. No request that this server answers has a body, so none may. */
export function parseHead(bytes: Buffer): Parsed {
  const end = bytes.indexOf(BLANK_LINE);
  if (end > MAX_HEAD_BYTES || (end < 0 && bytes.length > MAX_HEAD_BYTES)) {
    return faulty(431, `the head is larger than ${MAX_HEAD_BYTES} bytes`);
  }
  if (end < 0) return { kind: "incomplete" };
  const [requestLine = "", ...fields] = bytes.toString("latin1", 0, end).split("\r\n");
  const match = REQUEST_LINE.exec(requestLine);
  if (match === null) return faulty(400, "the request line is not one of HTTP/1.1 with a path");
  const headers = parseFields(fields);
  if (headers === undefined) return faulty(400, "a header line is malformed");
  const [, method = "", target = "", minor] = match;
  const http10 = minor === "0";
  const fault = headerFault(headers, http10);
  if (fault !== undefined) return fault;
  const head = { method, target, headers, http10, keepAlive: keepsAlive(headers, http10) };
  return { kind: "head", head: { ...head, length: end + BLANK_LINE.length } };
}

function parseFields(fields: readonly string[]): Headers | undefined {
  const headers = new Headers();
  for (const field of fields) {
    const [, name, value] = FIELD_LINE.exec(field) ?? [];
    if (name === undefined || value === undefined) return undefined;
    headers.append(name, value.trim());
  }
  return headers;
}

function headerFault(headers: Headers, http10: boolean): Parsed | undefined {
  // Two Host lines arrive joined by a comma, which no host has.
  const host = headers.get("host");
  if ((host === null && !http10) || host?.includes(",")) {
    return faulty(400, "exactly one Host header is required");
  }
  const length = headers.get("content-length");
  if (headers.has("transfer-encoding") || (length !== null && length !== "0")) {
    return faulty(413, "no request here has a body");
  }
  return undefined;
}

function keepsAlive(headers: Headers, http10: boolean): boolean {
  const options = (headers.get("connection") ?? "").toLowerCase().split(/\s*,\s*/);
  return http10 ? options.includes("keep-alive") : !options.includes("close");
}

function faulty(status: number, reason: string): Parsed {
  return { kind: "faulty", status, reason };
}

/** How an answer's body is delimited (RFC 9112, 6.3). */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** Until the connection ends: the only way for HTTP/1.0 where the length is not known. */
  | { readonly kind: "close" }
  /** A HEAD, 204 or 304, whose Content-Length speaks of a body that does not come. */
  | { readonly kind: "none" };

/** For answers that bring no reason phrase of their own. */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  508: "Loop Detected",
};

/** Writes the head of an answer. `headers` hold no hop-by-hop header and no length. */
export function renderHead(
  answer: {
    readonly status: number;
    readonly statusText: string;
    readonly headers: HeaderBlock;
    readonly length?: number | undefined;
  },
  framing: Framing,
  keepAlive: boolean,
): string {
  const { status, statusText, headers, length } = answer;
  let delimiter = "";
  const bytes = framing.kind === "length" ? framing.bytes : length;
  if (framing.kind === "chunked") delimiter = "Transfer-Encoding: chunked\r\n";
  else if (framing.kind !== "close" && bytes !== undefined)
    delimiter = `Content-Length: ${bytes}\r\n`;
  const end = keepAlive ? "" : "Connection: close\r\n";
  const reason = statusText || (REASONS[status] ?? "");
  return `HTTP/1.1 ${status} ${reason}\r\n${headers}${delimiter}${end}\r\n`;
}
