/**
 * A URL -> a signal that aborts where no TCP connection to its host can be opened in time. `fetch` has one
 * limit for connecting and answering, and an answer may take longer than a connection should.
 */
import { connect, type Socket } from "node:net";

export interface ReachOptions {
  /** How long opening a connection may take, the name's lookup included, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicNow: () => number;
  /** How long a host that was reached is taken to be reachable, in milliseconds, default 20 s. */
  readonly freshMs?: number;
  /** Opens a TCP connection; default that of node:net. */
  readonly open?: (to: { readonly host: string; readonly port: number }) => Socket;
}

/** What is known of hosts: asked before each request, told after each answer. */
export interface Reach {
  /** Starts to connect beside the request, unless the host was reached lately. */
  attempt(url: string): Attempt;
}

/** One request's look at its host. */
export interface Attempt extends Disposable {
  /** Aborts where the host cannot be reached in time. */
  readonly signal: AbortSignal;
  /** The host has answered. */
  reached(): void;
}

const FRESH_MS = 20_000;

/** Nothing is known at first. */
export function createReach(options: ReachOptions): Reach {
  const { timeoutMs, monotonicNow, freshMs = FRESH_MS, open = connect } = options;
  const reachedAt = new Map<string, number>();
  return {
    attempt: (url) => {
      const { host, hostname, port, protocol } = new URL(url);
      const controller = new AbortController();
      const reached = () => reachedAt.set(host, monotonicNow());
      const lately = monotonicNow() - (reachedAt.get(host) ?? Number.NEGATIVE_INFINITY) < freshMs;
      let socket: Socket | undefined;
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(timer);
        socket?.destroy();
      };
      if (!lately) {
        const standard = protocol === "https:" ? 443 : 80;
        socket = open({
          host: hostname.replace(/^\[|\]$/g, ""),
          port: port === "" ? standard : Number(port),
        });
        timer = setTimeout(() => controller.abort(), timeoutMs);
        // A connection that is refused is the request's own failure, told in its own words.
        socket.on("error", end).on("connect", () => {
          reached();
          end();
        });
      }
      return { signal: controller.signal, reached, [Symbol.dispose]: end };
    },
  };
}

/** Where a proxy stands between, or no limit is wanted: every host counts as reachable. */
export const UNLIMITED_REACH: Reach = {
  attempt: () => ({
    signal: new AbortController().signal,
    reached: () => {},
    [Symbol.dispose]: () => {},
  }),
};
