/** A client of which a test controls every byte, and sees every one that comes back. */
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

/** One whole answer. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** An open connection. */
export interface TlsClient extends Disposable {
  readonly socket: TLSSocket;
  /** SHA-256 fingerprint of the certificate that the server showed. */
  readonly fingerprint: string;
  /** Resolves when the connection is gone, with how: `end` by a FIN, else the error's code. */
  readonly closed: Promise<string>;
  /** Sends bytes as they are; resolves when they are with the system. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** The next whole answer; rejects if the connection ends before it. */
  answer(): Promise<Answer>;
}

/** Connects to a port of this machine and waits for the handshake. */
export async function connectTls(
  port: number,
  options: ConnectionOptions & { readonly ca: string | string[]; readonly allowHalfOpen?: boolean },
): Promise<TlsClient> {
  const socket = connect({ host: "127.0.0.1", servername: "localhost", port, ...options });
  const connected = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  let received = Buffer.alloc(0);
  let how = "close";
  let news = Promise.withResolvers<void>();
  socket.once("secureConnect", connected.resolve);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    news.resolve();
    news = Promise.withResolvers();
  });
  socket.on("end", () => {
    how = "end";
  });
  socket.on("error", (error: Error & { code?: string }) => {
    how = error.code ?? error.message;
    connected.reject(error);
  });
  socket.on("close", () => {
    connected.reject(new Error(`Closed in the handshake: ${how}`));
    closed.resolve(how);
    news.resolve();
  });
  await connected.promise;

  const answer = async (): Promise<Answer> => {
    for (;;) {
      const whole = readAnswer(received);
      if (whole !== undefined) {
        received = received.subarray(whole.bytes);
        return whole.answer;
      }
      if (socket.closed)
        throw new Error(`Closed before a whole answer: ${how}: ${received.toString()}`);
      await news.promise;
    }
  };
  const send = (bytes: string | Uint8Array) => {
    const sent = Promise.withResolvers<void>();
    socket.write(bytes, () => sent.resolve());
    return sent.promise;
  };
  const { fingerprint256: fingerprint } = socket.getPeerCertificate();
  const dispose = () => void socket.destroy();
  return { socket, fingerprint, closed: closed.promise, send, answer, [Symbol.dispose]: dispose };
}

/** A whole `POST` with its head. */
export function post(body: string, path = "/"): string {
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

function readAnswer(received: Buffer): { answer: Answer; bytes: number } | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [first = "", ...lines] = received.toString("latin1", 0, headEnd).split("\r\n");
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const headers = new Map(pairs);
  const bytes = headEnd + 4 + Number(headers.get("content-length") ?? 0);
  if (received.length < bytes) return undefined;
  const body = received.toString("utf8", headEnd + 4, bytes);
  return { answer: { status: Number(first.split(" ")[1]), headers, body }, bytes };
}
