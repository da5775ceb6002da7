/** Large answers: whole, at the reader's pace, and without a copy of them in this process. */
import { beforeAll, expect, test } from "bun:test";
import { createLogger } from "../log.ts";
import { createCertificate, type TestCertificate } from "../testing/certificate.ts";
import { eventually } from "../testing/eventually.ts";
import { connectTls } from "../testing/tls-client.ts";
import { listenTls } from "./listener.ts";

const MIB = 2 ** 20;
const GET = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** Bytes that tell when a part is missing, doubled or moved. */
const page = new Uint8Array(10 * MIB).map((_, index) => (index * 2_654_435_761) >>> 24);

let pair: TestCertificate;

beforeAll(async () => {
  pair = await createCertificate();
});

async function start(fetch: (request: Request) => Response) {
  const log = createLogger({ level: "error", format: "json" });
  const bind = { host: "127.0.0.1", port: 0 };
  const listener = await listenTls({ flag: "--port", bind, log, fetch });
  listener.replace(pair);
  return { port: listener.port, [Symbol.asyncDispose]: () => listener.close(1000) };
}

/** Begins to read an answer, after which the connection stays open. */
async function begin(port: number) {
  const client = await connectTls(port, { ca: pair.ca });
  client.socket.removeAllListeners("data");
  const begun = Promise.withResolvers<void>();
  const pieces: Buffer[] = [];
  let pauseMs = Number.POSITIVE_INFINITY;
  const go = () => void client.socket.resume();
  client.socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    client.socket.pause();
    begun.resolve();
    if (pauseMs < Number.POSITIVE_INFINITY) setTimeout(go, pauseMs);
  });
  await client.send(GET.replace("Connection: close\r\n", ""));
  await begun.promise;
  /** Takes the rest, with a pause after each piece, and gives the body. */
  const rest = async (eachMs: number) => {
    pauseMs = eachMs;
    go();
    expect(await client.closed).toBe("end");
    const all = Buffer.concat(pieces);
    return all.subarray(all.indexOf("\r\n\r\n") + 4);
  };
  return { rest };
}

/** Reads an answer to its end, `pauseMs` after each piece, and gives its body. */
async function read(port: number, pauseMs: number): Promise<Buffer> {
  using client = await connectTls(port, { ca: pair.ca });
  client.socket.removeAllListeners("data");
  const pieces: Buffer[] = [];
  client.socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    if (pauseMs === 0) return;
    client.socket.pause();
    setTimeout(() => client.socket.resume(), pauseMs);
  });
  await client.send(GET);
  expect(await client.closed).toBe("end");
  const all = Buffer.concat(pieces);
  return all.subarray(all.indexOf("\r\n\r\n") + 4);
}

test("a page of 10 MiB comes whole to a quick reader, to a slow one, and to several at once", async () => {
  await using server = await start(() => new Response(page));
  const readers = [0, 2, 0, 1].map((pauseMs) => read(server.port, pauseMs));
  for (const body of await Promise.all(readers)) expect(body.equals(page)).toBe(true);
});

test.each([0, 1, 3])(
  "close() lets an answer that is under way come whole, to a reader that pauses for %d ms, too",
  async (pauseMs) => {
    const log = createLogger({ level: "error", format: "json" });
    const bind = { host: "127.0.0.1", port: 0 };
    const fetch = () => new Response(page);
    const listener = await listenTls({ flag: "--port", bind, log, fetch });
    listener.replace(pair);
    const reader = await begin(listener.port);
    const closed = listener.close(20_000);
    const body = await reader.rest(pauseMs);
    expect(body.equals(page)).toBe(true);
    await closed;
  },
);

test("a body without end is made at the reader's pace: what stands between is a few MiB", async () => {
  const piece = new Uint8Array(65_536);
  let made = 0;
  const endless = () =>
    new ReadableStream(
      {
        pull: (controller) => {
          made += piece.byteLength;
          controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
  await using server = await start(() => new Response(endless()));
  using client = await connectTls(server.port, { ca: pair.ca });
  client.socket.removeAllListeners("data");
  let taken = 0;
  client.socket.on("data", (bytes: Buffer) => {
    taken += bytes.byteLength;
  });
  await client.send(GET);
  await eventually("100 MiB are taken", () => taken >= 100 * MIB);
  client.socket.pause();
  // Nothing is made any more once every buffer on the way is full.
  const standing = await eventually("it stands still", async () => {
    const before = made;
    await Bun.sleep(300);
    return made === before ? made - taken : undefined;
  });
  expect(standing).toBeLessThan(64 * MIB);
  const before = taken;
  client.socket.resume();
  await eventually("it goes on", () => taken > before + 50 * MIB);
});
