/** The sidecar's HTTP/1.1 listener on plain TCP, which sees what Bun.serve hides: FIN and RST. */
import { type Listener, listenError } from "../shared/http.ts";
import type { BindAddress } from "../shared/values.ts";
import { Connection, type ConnectionHooks } from "./connection.ts";

export interface ServerOptions extends ConnectionHooks {
  /** The flag that set the address, for the message if it cannot be had. */
  readonly flag: string;
  readonly bind: BindAddress;
  /** How long a connection may stand still before it is cut, in seconds, at most 255. */
  readonly idleTimeoutSeconds: number;
}

/** A {@link Listener} that can ask its clients to go. */
export interface Server extends Listener {
  /** From now on every answer is the last of its connection, and idle connections end. */
  retire(): void;
  /** Takes `retire` back for connections to come. */
  resume(): void;
}

/** More than any set of scrapers opens. Beyond it the oldest connection that is idle makes room. */
const MAX_CONNECTIONS = 1024;

/** How long a new connection may take to ask for something, in seconds. */
const FIRST_REQUEST_SECONDS = 10;

/** Opens the listener. Throws {@link ListenError}. */
export function serve(options: ServerOptions): Server {
  const { bind, flag, idleTimeoutSeconds } = options;
  const connections = new Set<Connection>();
  let retiring = false;
  let opened = 0;
  const listen = () =>
    Bun.listen<Connection>({
      hostname: bind.host,
      port: bind.port,
      // Otherwise Bun answers a FIN with a close of its own, and an RST that follows goes unseen.
      allowHalfOpen: true,
      socket: {
        open(socket) {
          const connection = new Connection(++opened, socket, options);
          socket.data = connection;
          if (connections.size >= MAX_CONNECTIONS) {
            const idle = [...connections].find(({ busy }) => !busy) ?? connection;
            connections.delete(idle);
            idle.destroy();
            if (idle === connection) return;
          }
          connections.add(connection);
          socket.timeout(FIRST_REQUEST_SECONDS);
          if (retiring) connection.retire();
        },
        data(socket, chunk) {
          socket.data.data(chunk);
          if (socket.data.busy) socket.timeout(idleTimeoutSeconds);
        },
        drain: (socket) => socket.data.drained(),
        end: (socket) => socket.data.ended(),
        timeout: (socket) => socket.data.destroy(),
        close(socket, error) {
          connections.delete(socket.data);
          socket.data.closed(error !== undefined);
        },
        error: () => {}, // A close with the same error follows.
      },
    });
  let listener: ReturnType<typeof listen>;
  try {
    listener = listen();
  } catch (error) {
    throw listenError(error, bind, flag);
  }
  return {
    port: listener.port,
    retire() {
      retiring = true;
      for (const connection of connections) connection.end();
    },
    resume() {
      retiring = false;
    },
    async close(deadlineMs) {
      listener.stop(false);
      const deadline = performance.now() + deadlineMs;
      while ([...connections].some(({ busy }) => busy) && performance.now() < deadline) {
        await Bun.sleep(5);
      }
      listener.stop(true);
    },
  };
}
