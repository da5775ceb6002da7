/** Kept connections to one server: each request takes a free one, or waits in its turn. */
import { Connection, type Target } from "../client.ts";

/** Connections of every load. */
export const CONNECTIONS = 16;

/** Connects as often as a load has connections. */
export function openAll(target: Target): Promise<Connection[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(target)));
}

/** A pool that opens a connection anew where the server has closed one that stood idle. */
export class Pool {
  readonly #target: Target;
  readonly #free: Connection[];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  private constructor(target: Target, connections: Connection[]) {
    this.#target = target;
    this.#free = connections;
  }

  /** Connects all at once, so that no handshake falls into what is measured. */
  static async open(target: Target): Promise<Pool> {
    return new Pool(target, await openAll(target));
  }

  /** Asks, and gives the moment at which the answer was whole, in nanoseconds. */
  async ask(request: Buffer): Promise<number> {
    await this.#turn();
    try {
      const connection = this.#kept() ?? (await Connection.open(this.#target));
      try {
        return await connection.ask(request);
      } finally {
        if (connection.usable) this.#free.push(connection);
        else connection.end();
      }
    } finally {
      // The turn goes to the request that waits longest.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
    }
  }

  end(): void {
    for (const connection of this.#free.splice(0)) connection.end();
  }

  async #turn(): Promise<void> {
    if (this.#busy < CONNECTIONS) {
      this.#busy++;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  #kept(): Connection | undefined {
    for (;;) {
      const connection = this.#free.pop();
      if (connection === undefined || connection.usable) return connection;
    }
  }
}
