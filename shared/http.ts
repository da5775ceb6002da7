/** Listeners, and the routes that every one of them answers alike: health, readiness, metrics. */
import type { Context, Handler, Hono } from "hono";
import type { Registry } from "prom-client";
import { describeError } from "./log.ts";
import type { BindAddress } from "./values.ts";

/** A listener that could not be opened. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Why a component is not ready, or `true`. */
export type Readiness = true | string;

/** An open listener. */
export interface Listener {
  /** The port it really has, also where 0 was asked for. */
  readonly port: number;
  /**
   * Takes no new connection and waits for the answers in flight, at most `deadlineMs`; then cuts
   * what is left. Idle keep-alive connections are closed at once.
   */
  close(deadlineMs: number): Promise<void>;
}

/** A plain listener of this module. */
export interface HttpListener extends Listener {
  /** Ends the connections that have carried a request and carry none now. */
  closeIdle(): void;
}

export interface ListenOptions {
  /** The flag that set the address, for the message if it cannot be had. */
  readonly flag: string;
  readonly bind: BindAddress;
  /** Told of a request whose handling failed; Bun would write the stack to stderr in its own format. */
  readonly onError?: (error: unknown) => void;
  readonly fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** How long a connection may stand still before it is cut, in seconds (0: for ever). Default 60. */
  readonly idleTimeoutSeconds?: number;
  /** Largest request body in bytes. Default 64 KiB. */
  readonly maxBodyBytes?: number;
}

/** Opens a listener. Throws {@link ListenError} with the address, the flag and what to do. */
export function listen(options: ListenOptions): HttpListener {
  const { bind, flag, fetch, tls, idleTimeoutSeconds = 60, maxBodyBytes = 65_536 } = options;
  try {
    const server = Bun.serve({
      hostname: bind.host,
      port: bind.port,
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: maxBodyBytes,
      development: false,
      // Bun 1.4.5 turns this on by itself outside development, and then two processes share a port.
      reusePort: false,
      fetch,
      error: (error) => {
        options.onError?.(error);
        return new Response("Internal error\n", { status: 500 });
      },
      ...(tls ? { tls: { ...tls } } : {}),
    });
    return {
      port: server.port ?? bind.port,
      close: (deadlineMs) => closeServer(server, deadlineMs),
      closeIdle: () => server.closeIdleConnections(),
    };
  } catch (error) {
    throw listenError(error, bind, flag);
  }
}

/** `host:port` as a URL writes it. */
export function formatAddress({ host, port }: BindAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Adds `/-/healthy` and `/-/ready` and, for Kubernetes habits, `/healthz` and `/readyz`: 200 `ok`,
 * or 503 with the reason.
 */
export function addHealth(app: Hono, readiness: () => Readiness): void {
  const ready = (c: Context) => {
    const state = readiness();
    return state === true ? ok(c) : c.text(`${state}\n`, 503);
  };
  for (const path of ["/-/healthy", "/healthz"]) get(app, path, ok);
  for (const path of ["/-/ready", "/readyz"]) get(app, path, ready);
}

function ok(c: Context): Response {
  return c.text("ok\n");
}

/** Adds a page of a registry, in the text format 0.0.4. */
export function addMetrics(app: Hono, path: string, registry: Registry): void {
  get(app, path, (c) => sendMetrics(c, registry));
}

/** A page of a registry as a response. */
export async function sendMetrics(c: Context, registry: Registry): Promise<Response> {
  const page = await registry.metrics();
  return c.body(page, 200, {
    "content-type": registry.contentType,
    // Named, because a HEAD would otherwise be answered with a length of 0.
    "content-length": String(Buffer.byteLength(page)),
  });
}

/** Answers GET and HEAD at a path; any other method there is 405 with `Allow`. */
export function get(app: Hono, path: string, handler: Handler): void {
  app.get(path, handler);
  app.all(path, (c) => methodNotAllowed(c, "GET, HEAD"));
}

/** 405 with the methods that are allowed (RFC 9110, 15.5.6). */
export function methodNotAllowed(c: Context, allow: string): Response {
  return c.text(`${c.req.method} is not allowed here, only ${allow}\n`, 405, { Allow: allow });
}

async function closeServer(server: Bun.Server<undefined>, deadlineMs: number): Promise<void> {
  // stop() has no deadline of its own, and one slow reader would hold it for ever.
  const timer = Promise.withResolvers<"late">();
  const timeout = setTimeout(() => timer.resolve("late"), deadlineMs);
  const outcome = await Promise.race([server.stop(), timer.promise]);
  clearTimeout(timeout);
  if (outcome === "late") await server.stop(true);
}

/** What to tell whoever set the address, from the error that opening a listener gave. */
export function listenError(cause: unknown, bind: BindAddress, flag: string): ListenError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = REASONS[code] ?? describeError(cause);
  const message = `Cannot listen on ${formatAddress(bind)} (${flag}): ${reason}`;
  return new ListenError(message.replace("FLAG", flag), { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use; stop what holds it or choose another with FLAG",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "ports below 1024 need privileges; choose a higher one",
};
