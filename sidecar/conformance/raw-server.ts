/** An HTTP/1.1 server whose every byte a test decides: requests in, pages out whole, late or broken. */
import type { Socket } from "bun";
import type { TestCertificate } from "../../shared/testing/certificate.ts";

/** One request that the server was asked. */
export interface Asked {
  readonly method: string;
  /** The request target as it was on the wire: path and query. */
  readonly target: string;
  readonly headers: Headers;
}

/** An answer. Its length or chunks, and HEAD, are seen to by the server. */
export interface Page {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/**
 * How a request is answered. `slow` waits before the first byte; `trickle` and `break` announce a
 * whole body, and pause or end after half of it; `hang` never answers.
 */
export type Behaviour =
  | { readonly kind: "answer" | "hang" | "break" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "slow" | "trickle"; readonly ms: number };

export interface RawServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Serves TLS. */
  readonly certificate?: TestCertificate | undefined;
  /** How the end of a body is told, default length. */
  readonly framing?: "length" | "chunked" | undefined;
  /** Called as soon as a request has arrived, however late the answer. */
  readonly answer: (asked: Asked) => { readonly page: Page; readonly behaviour: Behaviour };
}

export interface RawServer {
  readonly port: number;
  /** The port refuses, and every connection is broken off. */
  stop(): void;
}

interface Connection {
  received: string;
  busy: Promise<void>;
  open: boolean;
  drained: PromiseWithResolvers<void>;
}

type ServerSocket = Socket<Connection>;

/** Listens until it is stopped. */
export function listenRaw(options: RawServerOptions): RawServer {
  const sockets = new Set<ServerSocket>();
  const { host, port, certificate } = options;
  const listener = Bun.listen<Connection>({
    hostname: host,
    port,
    ...(certificate ? { tls: { cert: certificate.cert, key: certificate.key } } : {}),
    socket: {
      open: (socket) => {
        sockets.add(socket);
        const drained = Promise.withResolvers<void>();
        socket.data = { received: "", busy: Promise.resolve(), open: true, drained };
      },
      data: (socket, chunk) => receive(socket, chunk, options),
      drain: ({ data }) => data.drained.resolve(),
      error: () => undefined,
      close: (socket) => {
        sockets.delete(socket);
        socket.data.open = false;
        socket.data.drained.resolve();
      },
    },
  });
  const stop = () => {
    listener.stop(true);
    for (const socket of sockets) socket.terminate();
  };
  return { port: listener.port, stop };
}

function receive(socket: ServerSocket, chunk: Buffer, options: RawServerOptions): void {
  const { data } = socket;
  data.received += chunk.toString("latin1");
  for (;;) {
    const end = data.received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const asked = parseRequest(data.received.slice(0, end));
    data.received = data.received.slice(end + 4);
    const { page, behaviour } = options.answer(asked);
    const empty = asked.method === "HEAD";
    const framed = frame(page, { chunked: options.framing === "chunked", empty });
    data.busy = data.busy.then(() => play(socket, framed, behaviour));
  }
}

function parseRequest(text: string): Asked {
  const [first = "", ...lines] = text.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { method, target, headers };
}

interface Framed {
  readonly head: Buffer;
  readonly firstHalf: Buffer;
  readonly secondHalf: Buffer;
}

function frame(page: Page, how: { readonly chunked: boolean; readonly empty: boolean }): Framed {
  const { status, body } = page;
  const framing = how.chunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`;
  const lines = page.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = Buffer.from(`HTTP/1.1 ${status} Fake\r\n${lines}${framing}\r\n\r\n`);
  const nothing = Buffer.alloc(0);
  if (how.empty) return { head, firstHalf: nothing, secondHalf: nothing };
  const middle = body.length >> 1;
  const [firstHalf, secondHalf] = [body.subarray(0, middle), body.subarray(middle)];
  if (!how.chunked) return { head, firstHalf, secondHalf };
  const last = Buffer.concat([chunkOf(secondHalf), Buffer.from("0\r\n\r\n")]);
  return { head, firstHalf: chunkOf(firstHalf), secondHalf: last };
}

function chunkOf(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
}

async function play(socket: ServerSocket, framed: Framed, behaviour: Behaviour): Promise<void> {
  switch (behaviour.kind) {
    case "hang":
      return await new Promise(() => undefined);
    case "slow":
      await Bun.sleep(behaviour.ms);
      break;
    case "status": {
      const body = Buffer.from(`Status ${behaviour.status}\n`);
      const failed = frame(
        { status: behaviour.status, headers: [["content-type", "text/plain"]], body },
        { chunked: false, empty: false },
      );
      return await send(socket, Buffer.concat([failed.head, body]));
    }
    case "answer":
    case "trickle":
    case "break":
      break;
  }
  await send(socket, Buffer.concat([framed.head, framed.firstHalf]));
  if (behaviour.kind === "break") return void socket.end();
  if (behaviour.kind === "trickle") await Bun.sleep(behaviour.ms);
  await send(socket, framed.secondHalf);
}

/** Writes at the reader's pace. */
async function send(socket: ServerSocket, bytes: Buffer): Promise<void> {
  let rest = bytes;
  while (socket.data.open && rest.length > 0) {
    const written = socket.write(rest);
    if (written < 0) return;
    rest = rest.subarray(written);
    if (rest.length === 0) return;
    socket.data.drained = Promise.withResolvers();
    await socket.data.drained.promise;
  }
}
