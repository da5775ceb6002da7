/**
 * Which headers cross the proxy: all but those that belong to one connection. What crosses is a block:
 * header lines as they stand on the wire, each with its CRLF, in the order and spelling they came in.
 */

/** Header lines, each ended by CRLF. */
export type HeaderBlock = string;

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
 * The scraper's headers as the application gets them. `replaced` are set in place of what the scraper
 * sent. A scraper that names no encoding is answered plainly, so none is named in its place.
 */
export function requestBlock(
  from: Headers,
  replaced: Readonly<Record<string, string>>,
): HeaderBlock {
  const dropped = new Set([...hopByHop(from.get("connection")), ...Object.keys(replaced)]);
  let block = "";
  for (const [name, value] of from) {
    if (!dropped.has(name) && name !== "content-length") block += `${name}: ${value}\r\n`;
  }
  for (const [name, value] of Object.entries(replaced)) block += `${name}: ${value}\r\n`;
  return block;
}

/** The application's header lines as the scraper gets them; the body's length is stated anew. */
export function responseBlock(lines: readonly string[], connection: string | null): HeaderBlock {
  const dropped = hopByHop(connection);
  let block = "";
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    if (name !== "content-length" && !dropped.has(name)) block += `${line}\r\n`;
  }
  return block;
}

/** A `Headers` object as a block, without what belongs to the connection. */
export function blockOf(headers: Headers): HeaderBlock {
  let block = "";
  for (const [name, value] of headers) {
    if (name !== "content-length" && !HOPS.has(name)) block += `${name}: ${value}\r\n`;
  }
  return block;
}

/** The value of a header in a block, without regard to case. */
export function headerOf(block: HeaderBlock, name: string): string | undefined {
  for (const line of block.split("\r\n")) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}

const HOPS: ReadonlySet<string> = new Set(HOP_BY_HOP);

/** The hop-by-hop headers, with those that a Connection header names. */
function hopByHop(connection: string | null): ReadonlySet<string> {
  if (connection === null || /^\s*(close|keep-alive)\s*$/i.test(connection)) return HOPS;
  const named = connection.split(",").map((name) => name.trim().toLowerCase());
  return new Set([...HOP_BY_HOP, ...named]);
}
