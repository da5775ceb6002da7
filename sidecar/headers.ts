/** Which headers cross the proxy: all but those that belong to one connection. */

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
 * The scraper's headers as the application gets them. A scraper that names no encoding is answered
 * plainly: without the explicit `identity`, `fetch` would ask for gzip in its own name.
 */
export function requestHeaders(from: Headers): Headers {
  const headers = withoutHopByHop(from);
  headers.delete("host");
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  return headers;
}

/** The application's headers as the scraper gets them. */
export function responseHeaders(from: Headers): Headers {
  return withoutHopByHop(from);
}

function withoutHopByHop(from: Headers): Headers {
  const headers = new Headers(from);
  const named = (from.get("connection") ?? "").split(",").map((name) => name.trim());
  for (const name of [...HOP_BY_HOP, ...named]) {
    // A Connection header may name anything; what is no header name at all is ignored.
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) headers.delete(name);
  }
  return headers;
}
