/** One client's TLS connection -> a plain one to the app, byte for byte, with the limits of a slow or dead client. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** How long a client may keep a connection in one state, in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request, or of what should be one, to the first byte of its answer. */
  readonly requestMs: number;
  /** From an answer, or the handshake, to the next request. */
  readonly idleMs: number;
  /** For the client to take the last answer and leave, once the app has closed the connection. */
  readonly lingerMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  // The longest that the API server waits for a webhook (timeoutSeconds), and three times what a scrape
  // takes by default. It is for head, body and answer together, so dripping single bytes gains no time.
  requestMs: 30_000,
  // Go's clients, such as the API server, close an idle connection after 90 s. Were the server the
  // first to do so, a request that is under way at that moment would fail.
  idleMs: 120_000,
  // After a 413 the client is still sending: closed at once, its system would drop the answer.
  lingerMs: 5000,
};

/** A connection that was joined to the app. */
export interface Connection {
  /**
   * - `fresh`: nothing has come since the handshake
   * - `asking`: a request, or a part of one, has come and is not answered
   * - `answered`: the answer to all that has come is on its way or delivered
   */
  readonly phase: "fresh" | "asking" | "answered";
  /** Closes it, after what is written has been sent. In the middle of an answer, the rest of that is lost. */
  end(): void;
  /** Closes it as soon as the answer to all that has come has been handed over whole. */
  finish(): void;
}

/**
 * An answer is over when nothing of it waits here and the app, which writes as fast as it is read, has said
 * nothing more at so many looks in a row. 20 ms were seen between two pieces of one answer (Bun 1.4.5).
 */
const LOOKS = 5;
const LOOK_MS = 20;

/**
 * The client is still sending a body that nobody reads to its end. The app cannot close its side
 * then: a socket that is closed with bytes unread loses the answer.
 */
const REFUSED = "HTTP/1.1 413 ";

/** Joins a client to the app. Both end when one does; `onCut` is told why where a limit ended it. */
export function joinConnections(
  client: TLSSocket,
  app: Socket,
  options: { readonly limits: ConnectionLimits; readonly onCut: (reason: string) => void },
): Connection {
  const { limits, onCut } = options;
  let phase: Connection["phase"] = "fresh";
  let timer: NodeJS.Timeout | undefined;
  const allow = (ms: number, reason: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      onCut(reason);
      client.destroy();
    }, ms);
  };
  // One HTTP exchange after the other: what the client sends is a request until the app says something.
  const onRequest = () => {
    if (phase === "asking") return;
    phase = "asking";
    allow(limits.requestMs, "no whole request, or no answer to it, in time");
  };
  const onAnswer = (bytes: Buffer) => {
    const refused = phase === "asking" && bytes.toString("latin1", 0, REFUSED.length) === REFUSED;
    phase = "answered";
    if (refused) end();
    else allow(limits.idleMs, "idle, or an answer not taken");
  };
  const end = () => {
    clearTimeout(looking);
    allow(limits.lingerMs, "does not leave");
    app.off("data", onAnswer);
    client.off("data", onRequest).unpipe(app).end();
    // Takes what still comes, so that the system does not answer it by a reset before all is read.
    client.resume();
  };
  let looking: NodeJS.Timeout | undefined;
  const look = (seen: number, still: number) => {
    const waiting = app.readableLength + client.writableLength;
    const isStill = phase === "answered" && waiting === 0 && app.bytesRead === seen;
    if (isStill && still === LOOKS) end();
    else looking = setTimeout(look, LOOK_MS, app.bytesRead, isStill ? still + 1 : 1);
  };
  const finish = () => {
    looking ??= setTimeout(look, 0, -1, 0);
  };
  client.on("data", onRequest).pipe(app);
  app.pipe(client);
  // After the pipe, which has written the bytes to the client by then.
  app.on("data", onAnswer);
  allow(limits.idleMs, "no request");
  app.on("close", end);
  client.on("close", () => {
    clearTimeout(timer);
    clearTimeout(looking);
    app.off("close", end).destroy();
  });
  return {
    get phase() {
      return phase;
    },
    end,
    finish,
  };
}
