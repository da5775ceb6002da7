/** Whatever else connects to a metrics port: clients that break off, take nothing, or are no scrapers. */
import type { Answer } from "./answer-reader.ts";
import type { FakeScraper } from "./fake-scraper.ts";
import { HttpConnection } from "./http-connection.ts";

const KUBE_PROBE = { "User-Agent": "kube-probe/1.32", Accept: "*/*", Connection: "close" };
const CURL = { "User-Agent": "curl/8.10.1", Accept: "*/*" };

/** Asks as that scraper would, reads `bytes` of the answer, and breaks the connection. */
export async function resetInMidBody(scraper: FakeScraper, bytes: number): Promise<void> {
  const connection = await HttpConnection.open(scraper.endpoint);
  connection.send({ target: scraper.target, headers: scraper.headers });
  await connection.take(bytes);
  connection.reset();
}

/** Asks as that scraper would and takes nothing; gives the connection, for the test to reset. */
export async function takeNothing(scraper: FakeScraper): Promise<HttpConnection> {
  const connection = await HttpConnection.open(scraper.endpoint);
  connection.takeNothing();
  connection.send({ target: scraper.target, headers: scraper.headers });
  return connection;
}

/** Asks as that scraper would and stops after `bytes` of the answer; gives the connection. */
export async function takeSome(scraper: FakeScraper, bytes: number): Promise<HttpConnection> {
  const connection = await HttpConnection.open(scraper.endpoint);
  connection.send({ target: scraper.target, headers: scraper.headers });
  await connection.take(bytes);
  return connection;
}

/** Connects and goes, as a port scanner or a TCP probe does. */
export async function scanPort(port: number): Promise<void> {
  const connection = await HttpConnection.open({ host: "127.0.0.1", port });
  connection.end();
}

/** One request on a connection of its own, which is ended properly afterwards. */
export async function askOnce(
  port: number,
  question: {
    readonly method?: string;
    readonly target: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly localAddress?: string;
  },
): Promise<Answer> {
  const { localAddress } = question;
  const connection = await HttpConnection.open({ host: "127.0.0.1", port, localAddress });
  try {
    return await connection.ask(question);
  } finally {
    connection.end();
  }
}

/** The same as curl. */
export async function curl(port: number, target: string, method = "GET"): Promise<Answer> {
  return await askOnce(port, { method, target, headers: CURL });
}

/** The same as a kubelet's HTTP probe. */
export async function probe(port: number, target: string): Promise<Answer> {
  return await askOnce(port, { target, headers: KUBE_PROBE });
}
