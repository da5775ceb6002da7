/** A scrape as Prometheus sends it, and how long it takes. */
import { Connection } from "../client.ts";

/** The headers of a Prometheus scrape: all that the sidecar does for a scrape, it does here. */
export const SCRAPE_HEADERS: Readonly<Record<string, string>> = {
  "User-Agent": "Prometheus/3.5.0",
  Accept: "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
  "Accept-Encoding": "gzip",
  "X-Prometheus-Scrape-Timeout-Seconds": "10",
};

/** The bytes of a scrape of that path. */
export function scrapeBytes(path: string): Buffer {
  const headers = Object.entries(SCRAPE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.join("")}\r\n`);
}

/**
 * Scrapes so many times on one connection, each after the one before, and gives how long each took
 * in milliseconds.
 */
export async function scrapeTimes(
  port: number,
  request: Buffer,
  count: number,
): Promise<Float64Array> {
  const times = new Float64Array(count);
  const connection = await Connection.open({ port });
  for (let at = 0; at < count; at++) {
    const askedNs = Bun.nanoseconds();
    times[at] = ((await connection.ask(request)) - askedNs) / 1e6;
  }
  connection.end();
  return times;
}
