/** A client that takes an answer as slowly as a test wants, over a connection of its own. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface SlowReader extends Disposable {
  /** Takes at most so much more, in bytes, each `everyMs`, until all has come. Gives the body; rejects if cut before. */
  read(pace: { readonly bytes: number; readonly everyMs: number }): Promise<string>;
}

/** Asks for a path and takes the beginning of the answer, no more. With `ca` by TLS. */
export async function startSlowReader(
  port: number,
  path: string,
  ca?: string,
): Promise<SlowReader> {
  const host = "127.0.0.1";
  const socket: Socket =
    ca === undefined ? connectPlain(port, host) : connectTls({ port, host, ca });
  const end = followEnd(socket);
  await ready(socket, ca === undefined ? "connect" : "secureConnect");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  // With the first of it the answer is under way.
  const parts = [await next(socket)];
  return {
    read: async ({ bytes, everyMs }) => {
      let taken = 0;
      while (missing(parts) > 0) {
        const part = await Promise.race([next(socket), end]);
        if (part === undefined) throw new Error(`Cut with ${missing(parts)} bytes missing`);
        parts.push(part);
        taken += part.length;
        if (taken < bytes) continue;
        taken = 0;
        await Bun.sleep(everyMs);
      }
      const all = Buffer.concat(parts);
      return all.toString("utf8", all.indexOf("\r\n\r\n") + 4);
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function ready(socket: Socket, event: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once(event, () => resolve());
  socket.once("error", reject);
  return promise;
}

/** The next piece; the socket stands still before and after. */
function next(socket: Socket): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  socket.once("data", (part: Buffer) => {
    socket.pause();
    resolve(part);
  });
  socket.resume();
  return promise;
}

function followEnd(socket: Socket): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  socket.on("error", () => resolve(undefined)).on("close", () => resolve(undefined));
  return promise;
}

/** How much has not come yet, by the answer's own Content-Length. */
function missing(parts: readonly Buffer[]): number {
  const head = (parts[0] ?? Buffer.of()).toString("latin1");
  const bodyAt = head.indexOf("\r\n\r\n") + 4;
  const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]);
  if (!head.startsWith("HTTP/1.1 200 ") || bodyAt < 4 || !Number.isInteger(length)) {
    throw new Error(`No beginning of an answer: ${head.slice(0, 500)}`);
  }
  return bodyAt + length - parts.reduce((sum, part) => sum + part.length, 0);
}
