/** Calls and events of the DevTools protocol over one WebSocket. */

type Fields = Readonly<Record<string, unknown>>;

/** The browser as a whole, or one tab. */
export interface Session {
  /** Calls a method and gives its result; rejects with the method and the protocol's error. */
  call(method: string, params?: Fields): Promise<Fields>;
  /** Calls `listener` at each event of that name. */
  on(event: string, listener: (params: Fields) => void): void;
  /** The next event of that name. */
  next(event: string): Promise<Fields>;
  /** The session of a tab, by its id. */
  of(sessionId: string): Session;
  close(): void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: unknown;
}

interface Listener {
  readonly event: string;
  readonly sessionId: string | undefined;
  readonly tell: (params: Fields) => void;
}

/** Connects to a browser. Rejects if it cannot be reached. */
export async function createSession(url: string): Promise<Session> {
  const socket = new WebSocket(url);
  const pending: Pending = new Map();
  const listeners: Listener[] = [];
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("close", ({ code }) => {
    const error = new Error(`The browser closed the connection with code ${code}`);
    opened.reject(error);
    for (const one of pending.values()) one.reject(error);
    pending.clear();
  });
  socket.addEventListener("message", ({ data }) => {
    const message: Message = JSON.parse(String(data));
    if (message.id === undefined) tell(listeners, message);
    else settle(pending, message);
  });
  await opened.promise;
  return sessionOf({ socket, pending, listeners, lastId: 0 }, undefined);
}

type Pending = Map<number, PromiseWithResolvers<Fields>>;

interface Connection {
  readonly socket: WebSocket;
  readonly pending: Pending;
  readonly listeners: Listener[];
  lastId: number;
}

function sessionOf(connection: Connection, sessionId: string | undefined): Session {
  const { socket, pending, listeners } = connection;
  return {
    call: async (method, params = {}) => {
      connection.lastId += 1;
      const id = connection.lastId;
      const answer = Promise.withResolvers<Fields>();
      pending.set(id, answer);
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      return await answer.promise.catch((cause: unknown) => {
        throw new Error(`${method} failed`, { cause });
      });
    },
    on: (event, listener) => {
      listeners.push({ event, sessionId, tell: listener });
    },
    next: (event) => {
      const first = Promise.withResolvers<Fields>();
      listeners.push({ event, sessionId, tell: first.resolve });
      return first.promise;
    },
    of: (id) => sessionOf(connection, id),
    close: () => socket.close(),
  };
}

function settle(pending: Pending, message: Message): void {
  const { id = 0, result = {}, error } = message;
  const answer = pending.get(id);
  pending.delete(id);
  if (error === undefined) answer?.resolve(result);
  else answer?.reject(new Error(JSON.stringify(error)));
}

function tell(listeners: readonly Listener[], { method, sessionId, params = {} }: Message): void {
  for (const one of listeners) {
    if (one.event === method && one.sessionId === sessionId) one.tell(params);
  }
}
