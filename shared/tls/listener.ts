/**
 * A port with TLS whose certificate can be replaced while it is open. `Bun.serve` cannot do that
 * (1.4.5: its reload ignores `tls`), so node:tls takes the connections and hands their bytes to a
 * `Bun.serve` on a Unix socket. node:http behind node:tls takes twice the time and the memory.
 */
import { type AddressInfo, connect } from "node:net";
import { createServer, type SecureVersion, type Server, type TLSSocket } from "node:tls";
import { type Listener, listenError } from "../http.ts";
import { describeError, type Logger } from "../log.ts";
import type { BindAddress } from "../values.ts";
import {
  CONNECTION_LIMITS,
  type Connection,
  type ConnectionLimits,
  joinConnections,
} from "./connection.ts";
import { openSocketPath } from "./socket-path.ts";

/** PEM texts. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate, and how it is served. */
export interface TlsSettings extends TlsPair {
  /** Default TLS 1.2, the oldest that RFC 9325 allows. */
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  /** Suites up to TLS 1.2 in OpenSSL's names, with colons between; those of TLS 1.3 are always on. */
  readonly ciphers?: string;
  /** Whether the order of `ciphers` counts rather than the client's. */
  readonly honorCipherOrder?: boolean;
  /** Curves in OpenSSL's names, with colons between. */
  readonly ecdhCurve?: string;
  /** The authorities that client certificates are verified against, PEM. */
  readonly ca?: string;
}

/** How long a client may take, in milliseconds. */
export interface TlsLimits extends ConnectionLimits {
  /** For the TLS handshake. */
  readonly handshakeMs: number;
}

/** At the end of the handshake limit Go's clients, such as Prometheus and the API server, have given up too. */
export const TLS_LIMITS: TlsLimits = { ...CONNECTION_LIMITS, handshakeMs: 10_000 };

export interface TlsListenOptions {
  /** The flag that set the address, for the message if it cannot be had. */
  readonly flag: string;
  readonly bind: BindAddress;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Told at debug of what strangers do to the port, and at error of a request whose handling failed. */
  readonly log: Logger;
  readonly limits?: TlsLimits;
  /** Largest request body in bytes. Default: no limit, for an app that has its own. */
  readonly maxBodyBytes?: number;
  /**
   * Asks every client for a certificate and is told of each that has finished its handshake, with a
   * certificate or without, verified or not (`authorized`). What it returns is why the client is cut.
   */
  readonly admit?: (client: TLSSocket) => string | undefined;
}

/** An open listener. Before the first {@link replace} every handshake fails. */
export interface TlsListener extends Listener {
  /**
   * Serves this from the next handshake on; open connections go on undisturbed. Throws, and keeps
   * what was before, where TLS cannot use it.
   */
  replace(settings: TlsSettings): void;
  /**
   * From now on every answer ends its connection (`Connection: close`), so that clients that keep
   * theirs open turn to another server by themselves. New connections are still taken.
   */
  drain(): void;
}

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
  const { bind, flag, log, admit, limits = TLS_LIMITS } = options;
  const app = serveApp(options);
  const connections = new Map<TLSSocket, Connection | undefined>();
  const front = createServer({
    minVersion: MIN_VERSION,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: limits.handshakeMs,
    // Whom to cut is for admit() to say. Both hold for good: setSecureContext() does not look at them.
    requestCert: admit !== undefined,
    rejectUnauthorized: false,
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
    const connection = takeClient(socket, app.path, { ...options, limits });
    if (connection !== undefined) connections.set(socket, connection);
  });
  try {
    const port = await openPort(front, bind);
    return {
      port,
      replace: (settings) => front.setSecureContext({ minVersion: MIN_VERSION, ...settings }),
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

/** Joins a client to the app, or cuts it where it is not admitted. */
function takeClient(
  socket: TLSSocket,
  path: string,
  options: Pick<TlsListenOptions, "log" | "admit"> & { readonly limits: ConnectionLimits },
): Connection | undefined {
  const { log, admit, limits } = options;
  const remote = socket.remoteAddress;
  socket.on("error", (error) => log.debug("A connection broke", { remote, error }));
  const refusal = judge(socket, admit);
  if (refusal !== undefined) {
    log.debug("Refused a client", { remote, reason: refusal });
    socket.destroy();
    return undefined;
  }
  const inner = connect(path);
  inner.on("error", (error) => log.debug("A connection to the app broke", { error }));
  const onCut = (reason: string) => log.debug("Cut a connection", { remote, reason });
  return joinConnections(socket, inner, { limits, onCut });
}

/** A stranger's certificate that nobody can make sense of must not end more than its own connection. */
function judge(socket: TLSSocket, admit: TlsListenOptions["admit"]): string | undefined {
  try {
    return admit?.(socket);
  } catch (error) {
    return `cannot be judged: ${describeError(error)}`;
  }
}

/** The app on a Unix socket. */
function serveApp({ fetch, log, admit, maxBodyBytes = Number.MAX_SAFE_INTEGER }: TlsListenOptions) {
  const { path, remove } = openSocketPath({ ownerOnly: admit !== undefined });
  let draining = false;
  const server = Bun.serve({
    unix: path,
    ...NO_IDLE_TIMEOUT,
    maxRequestBodySize: maxBodyBytes,
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
    remove();
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
  for (const connection of connections.values()) connection?.finish();
  const grace = setTimeout(() => {
    for (const [socket, connection] of connections) {
      if (connection === undefined) socket.destroy();
      else if (connection.phase === "fresh") connection.end();
      // Also those that have come since: what is under way is answered.
      else connection.finish();
    }
  }, GRACE_MS);
  const late = setTimeout(() => {
    for (const socket of connections.keys()) socket.destroy();
  }, deadlineMs);
  await closed.promise;
  clearTimeout(grace);
  clearTimeout(late);
}
