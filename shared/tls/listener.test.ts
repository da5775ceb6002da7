import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { createLogger } from "../log.ts";
import { createCertificate, type TestCertificate } from "../testing/certificate.ts";
import { eventually } from "../testing/eventually.ts";
import { connectTls, post, type TlsClient } from "../testing/tls-client.ts";
import { listenTls, TLS_LIMITS, type TlsListener, type TlsListenOptions } from "./listener.ts";

const flag = "--port";
const bind = { host: "127.0.0.1", port: 0 };
let first: TestCertificate;
let second: TestCertificate;
let ca: string[];
let opened: TlsListener[] = [];
let lines: string[] = [];

beforeAll(async () => {
  first = await createCertificate();
  second = await createCertificate();
  ca = [first.ca, second.ca];
});
afterEach(async () => {
  await Promise.all(opened.map((listener) => listener.close(0)));
  opened = [];
  lines = [];
});

/** A listener with the first pair. The app answers how many bytes came, unless a test has its own. */
async function start(options: Partial<TlsListenOptions> = {}): Promise<TlsListener> {
  const write = (line: string) => lines.push(line);
  const log = createLogger({ level: "debug", format: "json", write });
  const fetch = async (request: Request) =>
    new Response(`${(await request.arrayBuffer()).byteLength} bytes`);
  const listener = await listenTls({ flag, bind, log, fetch, ...options });
  opened.push(listener);
  listener.replace(first);
  return listener;
}

async function ask(client: TlsClient, body = "hello") {
  await client.send(post(body));
  return await client.answer();
}

/** With what a promise rejects. */
async function failure(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (error: unknown) => String(error),
  );
}

/** A plain TCP connection that sends these bytes, and its end. */
function plain(port: number, bytes?: Uint8Array | string) {
  const ended = Promise.withResolvers<void>();
  const socket: Socket = connectPlain(port, "127.0.0.1", () => {
    if (bytes !== undefined) socket.write(bytes);
  });
  socket.on("error", () => {}); // A reset is an end, too.
  socket.on("data", () => {});
  socket.on("close", () => ended.resolve());
  return { socket, ended: ended.promise };
}

function levels(): string[] {
  return [...new Set(lines.map((line) => (JSON.parse(line) as { level: string }).level))];
}

/** An app that reads a part of the body and wants no more. */
async function refuse(request: Request): Promise<Response> {
  for await (const _ of request.body ?? []) break;
  return new Response("too large", { status: 413 });
}

/** An app that answers when told. */
function slowApp() {
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const fetch = async () => {
    asked.resolve();
    await told.promise;
    return new Response("whole");
  };
  return { fetch, asked: asked.promise, finish: told.resolve };
}

describe("listenTls()", () => {
  test("answers one request after the other on one connection", async () => {
    const { port } = await start();
    using client = await connectTls(port, { ca, ALPNProtocols: ["h2", "http/1.1"] });
    expect(client.socket.alpnProtocol).toBe("http/1.1");
    for (const body of ["", "a", "b".repeat(5_000_000)]) {
      expect(await ask(client, body)).toMatchObject({ status: 200, body: `${body.length} bytes` });
    }
  });

  test("on :: answers IPv4 and IPv6", async () => {
    const { port } = await start({ bind: { host: "::", port: 0 } });
    for (const host of ["127.0.0.1", "::1"]) {
      using client = await connectTls(port, { ca, host });
      expect((await ask(client)).status).toBe(200);
    }
  });

  test("refuses what is older than TLS 1.2, or HTTP/2 only, also after a replacement", async () => {
    const listener = await start();
    const { port } = listener;
    for (const pair of [first, second]) {
      listener.replace(pair);
      const old = connectTls(port, { ca, minVersion: "TLSv1", maxVersion: "TLSv1.1" });
      expect(await failure(old)).toContain("PROTOCOL_VERSION");
      const newer = connectTls(port, { ca, ALPNProtocols: ["h2"] });
      expect(await failure(newer)).toContain("NO_APPLICATION_PROTOCOL");
      using client = await connectTls(port, { ca, maxVersion: "TLSv1.2" });
      expect((await ask(client)).status).toBe(200);
    }
  });

  test("drops plain HTTP and garbage, logged at debug only, and goes on", async () => {
    const { port } = await start();
    const garbage = crypto.getRandomValues(new Uint8Array(2000));
    for (const bytes of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", garbage, "\0"]) {
      const { socket, ended } = plain(port, bytes);
      if (bytes === "\0") socket.end();
      await ended;
    }
    using client = await connectTls(port, { ca });
    expect((await ask(client)).status).toBe(200);
    await eventually("three lines", () => lines.length >= 3);
    expect(levels()).toEqual(["DEBUG"]);
  });

  test("answers a fault of the app by a 500 that says nothing, and logs it", async () => {
    const fetch = () => Promise.reject(new Error("a fault"));
    const { port } = await start({ fetch });
    using client = await connectTls(port, { ca });
    expect(await ask(client)).toMatchObject({ status: 500, body: "internal error\n" });
    expect(lines).toEqual([expect.stringMatching(/"ERROR".*a fault/)]);
  });

  test("refuses a head over 16 KiB", async () => {
    const { port } = await start();
    using client = await connectTls(port, { ca });
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(17_000)}\r\n\r\n`);
    expect((await client.answer()).status).toBe(431);
    await client.closed;
  });

  test.each([
    ["announced", `Content-Length: ${100 * 2 ** 20}`],
    ["in chunks", "Transfer-Encoding: chunked"],
  ])(
    "ends a connection after a 413, while the client still sends a body %s",
    async (_name, length) => {
      const { port } = await start({ fetch: refuse });
      using client = await connectTls(port, { ca });
      const head = `POST / HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`;
      const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
      const sending = (async () => {
        await client.send(head);
        const sent = () => client.send(chunk).then(() => "sent");
        for (let chunks = 0; chunks < 1000; chunks += 1) {
          if ((await Promise.race([sent(), client.closed])) !== "sent") return;
        }
      })();
      const answer = await client.answer();
      expect(answer).toMatchObject({ status: 413, body: "too large" });
      expect(await client.closed).toBe("end");
      await sending;
    },
  );

  test("keeps a 413 for a client that reads only when it has sent everything", async () => {
    const { port } = await start({ fetch: refuse });
    using client = await connectTls(port, { ca });
    client.socket.pause();
    // More than the systems on both ends hold by themselves.
    const body = "x".repeat(32 * 2 ** 20);
    await client.send(post(body));
    client.socket.resume();
    expect(await client.answer()).toMatchObject({ status: 413, body: "too large" });
  });

  test("names the address, the flag and what to do where the port is in use", async () => {
    const { port } = await start();
    const again = await failure(start({ bind: { ...bind, port } }));
    expect(again).toStartWith(
      `ListenError: Cannot listen on 127.0.0.1:${port} (--port): the port is in use`,
    );
    // 192.0.2.0/24 is for documentation (RFC 5737), so no machine has it.
    const foreign = await failure(start({ bind: { host: "192.0.2.1", port: 0 } }));
    expect(foreign).toContain("this machine has no such address");
  });
});

describe("replace()", () => {
  const fingerprint = ({ cert }: TestCertificate) => new X509Certificate(cert).fingerprint256;

  test("makes a listener out of a port where every handshake fails", async () => {
    const log = createLogger({ level: "error", format: "json", write: () => {} });
    const listener = await listenTls({ flag, bind, log, fetch: () => new Response("ok") });
    opened.push(listener);
    expect(await failure(connectTls(listener.port, { ca }))).toContain("ALERT");
    listener.replace(first);
    using client = await connectTls(listener.port, { ca });
    expect((await ask(client)).body).toBe("ok");
  });

  test("shows new connections the new pair, also those that resume a session", async () => {
    const listener = await start();
    using before = await connectTls(listener.port, { ca });
    const session = Promise.withResolvers<Buffer>();
    before.socket.on("session", session.resolve);
    await ask(before);
    listener.replace(second);
    using fresh = await connectTls(listener.port, { ca });
    using resumed = await connectTls(listener.port, { ca, session: await session.promise });
    expect([before, fresh, resumed].map((client) => client.fingerprint)).toEqual([
      fingerprint(first),
      fingerprint(second),
      fingerprint(second),
    ]);
    expect((await ask(resumed)).status).toBe(200);
  });

  test("touches neither open connections nor a request in flight", async () => {
    const app = slowApp();
    const listener = await start({ fetch: app.fetch });
    using idle = await connectTls(listener.port, { ca });
    using busy = await connectTls(listener.port, { ca });
    await busy.send(post("x"));
    await app.asked;
    listener.replace(second);
    app.finish();
    expect((await busy.answer()).body).toBe("whole");
    expect((await ask(idle)).status).toBe(200);
  });

  test("throws at a pair that is none, and keeps the one before", async () => {
    const listener = await start();
    expect(() => listener.replace({ cert: second.cert, key: first.key })).toThrow();
    expect(() => listener.replace({ cert: "garbage", key: "garbage" })).toThrow();
    using client = await connectTls(listener.port, { ca });
    expect(client.fingerprint).toBe(fingerprint(first));
  });
});

describe("limits end a connection", () => {
  const limits = { ...TLS_LIMITS, requestMs: 100, idleMs: 150, lingerMs: 50, handshakeMs: 100 };
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";

  test.each([
    ["half a head", head.slice(0, 20)],
    ["half a body", `${head}12345`],
    ["nothing", ""],
  ])("with %s", async (_name, bytes) => {
    const { port } = await start({ limits });
    using client = await connectTls(port, { ca });
    await client.send(bytes);
    await client.closed;
    expect(lines.at(-1)).toContain("Cut a connection");
  });

  test("whose bytes come one by one", async () => {
    const { port } = await start({ limits });
    using client = await connectTls(port, { ca });
    const drip = setInterval(() => client.socket.write("x"), 20);
    await client.closed;
    clearInterval(drip);
  });

  test("that is idle after an answer, not before", async () => {
    const { port } = await start({ limits });
    using client = await connectTls(port, { ca });
    const begun = performance.now();
    await ask(client);
    await client.closed;
    expect(performance.now() - begun).toBeGreaterThanOrEqual(limits.idleMs - 5);
  });

  test("whose client does not take the answer", async () => {
    const large = new Uint8Array(50_000_000);
    const { port } = await start({ limits, fetch: () => new Response(large) });
    using client = await connectTls(port, { ca });
    client.socket.pause();
    await client.send(post("x"));
    await eventually("the cut", () => lines.some((line) => line.includes("Cut a connection")));
  });

  test.each([
    ["without a byte", undefined],
    ["with half a hello", new Uint8Array([22, 3, 1, 2, 0, 1, 0])],
  ])("before the handshake, %s", async (_name, bytes) => {
    const { port } = await start({ limits });
    const { ended } = plain(port, bytes);
    await ended;
    expect(levels()).toEqual(["DEBUG"]);
  });

  test("whose client goes on sending after a 413", async () => {
    // Long enough for the answer to be read on a busy machine: the cut discards what was not.
    const { port } = await start({ limits: { ...limits, lingerMs: 500 }, fetch: refuse });
    using client = await connectTls(port, { ca, allowHalfOpen: true });
    await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    const drip = setInterval(() => client.socket.write("x"), 10);
    expect((await client.answer()).status).toBe(413);
    await client.closed;
    clearInterval(drip);
    expect(lines.at(-1)).toContain("does not leave");
  });

  test("whose answer takes too long", async () => {
    const { port } = await start({ limits, fetch: () => new Promise<Response>(() => {}) });
    using client = await connectTls(port, { ca });
    await client.send(post("x"));
    await client.closed;
  });
});

describe("drain()", () => {
  test("ends each connection with its answer, and still takes new ones", async () => {
    const listener = await start();
    using before = await connectTls(listener.port, { ca });
    expect((await ask(before)).headers.has("connection")).toBe(false);
    listener.drain();
    using after = await connectTls(listener.port, { ca });
    for (const client of [before, after]) {
      const answer = await ask(client);
      expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
      expect(await client.closed).toBe("end");
    }
  });
});

describe("close()", () => {
  test("ends idle connections at once, and takes no new ones", async () => {
    const listener = await start();
    using idle = await connectTls(listener.port, { ca });
    await ask(idle);
    await listener.close(5000);
    expect(await idle.closed).toBe("end");
    expect(await failure(connectTls(listener.port, { ca }))).toContain("ECONNREFUSED");
  });

  test("lets an answer in flight end, also where only half a head has come", async () => {
    const app = slowApp();
    const listener = await start({ fetch: app.fetch });
    using busy = await connectTls(listener.port, { ca });
    using half = await connectTls(listener.port, { ca });
    const request = post("hello");
    await half.send(request.slice(0, 10));
    await busy.send(request);
    await app.asked;
    let over = false;
    const closed = listener.close(5000).then(() => {
      over = true;
    });
    await half.send(request.slice(10));
    expect(over).toBe(false);
    app.finish();
    expect((await busy.answer()).body).toBe("whole");
    expect((await half.answer()).body).toBe("whole");
    await closed;
    await Promise.all([busy.closed, half.closed]);
  });

  test("waits a second for the request of a client that has just connected, not longer", async () => {
    const listener = await start();
    using prompt = await connectTls(listener.port, { ca });
    using silent = await connectTls(listener.port, { ca });
    const handshaking = plain(listener.port);
    const closed = listener.close(10_000);
    expect((await ask(prompt)).status).toBe(200);
    await Promise.all([silent.closed, handshaking.ended, closed]);
  });

  test("cuts an answer that outlives the deadline", async () => {
    const app = slowApp();
    const listener = await start({ fetch: app.fetch });
    using busy = await connectTls(listener.port, { ca });
    await busy.send(post("x"));
    await app.asked;
    await listener.close(50);
    await busy.closed;
  });
});
