/** Which headers cross the proxy: all but those that belong to one connection, or that the other side sets anew. */

// RFC 9110, 7.6.1, with the two that RFC 2616 named and some clients still send.
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * The scraper's headers as the application gets them; `replaced` are set in place of what the scraper sent.
 * A scraper that names no encoding is answered plainly, so none is offered in its place.
 */
export function requestHeaders(from: Headers, replaced: Readonly<Record<string, string>>): Headers {
  const headers = withoutHops(from);
  headers.delete("content-length");
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  // Otherwise `fetch` would name Bun.
  if (!headers.has("user-agent")) headers.set("user-agent", "");
  for (const [name, value] of Object.entries(replaced)) headers.set(name, value);
  return headers;
}

/** The application's headers as the scraper gets them; the body's length is stated anew, save after a HEAD. */
export function responseHeaders(from: Headers, isHead: boolean): Headers {
  const headers = withoutHops(from);
  if (!isHead) headers.delete("content-length");
  return headers;
}

/** A copy without the hop-by-hop headers and those that a Connection header names. */
function withoutHops(from: Headers): Headers {
  const headers = new Headers(from);
  for (const name of from.get("connection")?.split(",") ?? []) {
    if (isToken(name.trim())) headers.delete(name.trim());
  }
  for (const name of HOP_BY_HOP) headers.delete(name);
  return headers;
}

/** Whether `Headers` takes it for a name (RFC 9110, 5.6.2). */
function isToken(name: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name);
}
