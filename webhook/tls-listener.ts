/**
 * A port with TLS whose certificate can be replaced while it is open. `Bun.serve` cannot do that
 * (1.4.5: its reload ignores `tls`), so node:tls takes the connections and hands their bytes to a
 * `Bun.serve` on a Unix socket. node:http behind node:tls takes twice the time and the memory.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { type Listener, listenError } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import type { BindAddress } from "../shared/values.ts";
import {
  CONNECTION_LIMITS,
  type Connection,
  type ConnectionLimits,
  joinConnections,
} from "./tls-connection.ts";

/** PEM texts. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** How long a client may take, in milliseconds. */
export interface TlsLimits extends ConnectionLimits {
  /** For the TLS handshake. */
  readonly handshakeMs: number;
}

/** At the end of the handshake limit Go's clients, the API server among them, have given up too. */
export const TLS_LIMITS: TlsLimits = { ...CONNECTION_LIMITS, handshakeMs: 10_000 };

export interface TlsListenOptions {
  /** The flag that set the address, for the message if it cannot be had. */
  readonly flag: string;
  readonly bind: BindAddress;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Told at debug of what strangers do to the port, and at error of a request whose handling failed. */
  readonly log: Logger;
  readonly limits?: TlsLimits;
}

/** An open listener. Before the first {@link replace} every handshake fails. */
export interface TlsListener extends Listener {
  /**
   * Serves this pair from the next handshake on; open connections go on undisturbed. Throws, and
   * keeps the pair before, where TLS cannot use it.
   */
  replace(pair: TlsPair): void;
  /**
   * From now on every answer ends its connection (`Connection: close`), so that clients that keep
   * theirs open turn to another server by themselves. New connections are still taken.
   */
  drain(): void;
}

/** TLS 1.2 is the oldest that RFC 9325 allows. It holds for every pair. */
const MIN_VERSION = "TLSv1.2";

/** At the close, for clients in the handshake or right after it; they send a request within a round trip. */
const GRACE_MS = 1000;

/**
 * Time is limited where the client is. Bun (1.4.5) would cut after 10 s on a Unix socket too, though
 * its types know of no such limit there.
 */
const NO_IDLE_TIMEOUT: object = { idleTimeout: 0 };

/** Opens a listener. Rejects with `ListenError` with the address, the flag and what to do. */
export async function listenTls(options: TlsListenOptions): Promise<TlsListener> {
  const { bind, flag, log, limits = TLS_LIMITS } = options;
  const app = serveApp(options);
  const connections = new Map<TLSSocket, Connection | undefined>();
  const front = createServer({
    minVersion: MIN_VERSION,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: limits.handshakeMs,
  });
  front.on("connection", (socket) => {
    connections.set(socket as TLSSocket, undefined);
    socket.once("close", () => connections.delete(socket as TLSSocket));
  });
  front.on("tlsClientError", (error, socket) => {
    log.debug("A handshake failed", { remote: socket.remoteAddress, error });
    socket.destroy();
  });
  front.on("secureConnection", (socket) => {
    const remote = socket.remoteAddress;
    const onCut = (reason: string) => log.debug("Cut a connection", { remote, reason });
    socket.on("error", (error) => log.debug("A connection broke", { remote, error }));
    const inner = connect(app.path);
    inner.on("error", (error) => log.debug("A connection to the app broke", { error }));
    connections.set(socket, joinConnections(socket, inner, { limits, onCut }));
  });
  try {
    const port = await openPort(front, bind);
    return {
      port,
      replace: ({ cert, key }) => front.setSecureContext({ cert, key, minVersion: MIN_VERSION }),
      drain: app.drain,
      close: async (deadlineMs) => {
        app.drain();
        await closeFront(front, connections, deadlineMs);
        await app.close();
      },
    };
  } catch (error) {
    await app.close();
    throw listenError(error, bind, flag);
  }
}

/** The app on a Unix socket, where only this process and what shares its network namespace reach it. */
function serveApp({ fetch, log }: TlsListenOptions) {
  // Linux has sockets without a file: the container's file system may be read-only.
  const abstract = process.platform === "linux";
  const path = abstract
    ? `\0webhook-${randomUUID()}`
    : join(mkdtempSync(join(tmpdir(), "webhook-")), "socket");
  let draining = false;
  const server = Bun.serve({
    unix: path,
    ...NO_IDLE_TIMEOUT,
    // The app has a limit of its own, with a reason in the answer and in the metrics.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    fetch: async (request) => {
      const response = await fetch(request);
      // The connection of a 413 is ended where the client is.
      if (draining && response.status !== 413) response.headers.set("Connection", "close");
      return response;
    },
    error: (error) => {
      log.error("Failed to answer a request", { error });
      return new Response("internal error\n", { status: 500 });
    },
  });
  const close = async () => {
    await server.stop(true);
    if (!abstract) rmSync(dirname(path), { recursive: true, force: true });
  };
  const drain = () => {
    draining = true;
  };
  return { path, drain, close };
}

function openPort(front: Server, { host, port }: BindAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  front.once("error", reject);
  front.listen({ host, port }, () => {
    front.off("error", reject);
    resolve((front.address() as AddressInfo).port);
  });
  return promise;
}

async function closeFront(
  front: Server,
  connections: ReadonlyMap<TLSSocket, Connection | undefined>,
  deadlineMs: number,
): Promise<void> {
  const closed = Promise.withResolvers<void>();
  front.close(() => closed.resolve());
  const endUnless = (...phases: readonly (Connection["phase"] | undefined)[]) => {
    for (const [socket, connection] of connections) {
      if (phases.includes(connection?.phase)) continue;
      if (connection) connection.end();
      else socket.destroy();
    }
  };
  endUnless("asking", "fresh", undefined);
  const grace = setTimeout(() => endUnless("asking"), GRACE_MS);
  const late = setTimeout(() => {
    for (const socket of connections.keys()) socket.destroy();
  }, deadlineMs);
  await closed.promise;
  clearTimeout(grace);
  clearTimeout(late);
}
