/**
 * A URL -> a signal that aborts where no TCP connection to its host can be opened in time. `fetch` has one
 * limit for connecting and answering, and an answer may take longer than a connection should.
 */
import { connect, type Socket } from "node:net";

export interface ReachOptions {
  /** How long opening a connection may take, the name's lookup included, in milliseconds. */
  readonly timeoutMs: number;
  /** Opens a TCP connection; default that of node:net. */
  readonly open?: (to: { readonly host: string; readonly port: number }) => Socket;
}

/** What is known of hosts: asked before each request, told after each answer. */
export interface Reach {
  /**
   * Connects beside the request where the host has not answered the one before, or none was made: a host
   * that answers is spared the connections.
   */
  attempt(url: string): Attempt;
}

/** One request's look at its host. */
export interface Attempt extends Disposable {
  /** Aborts where the host cannot be reached in time. */
  readonly signal: AbortSignal;
  /** The host has answered. */
  reached(): void;
}

/** Nothing is known at first. */
export function createReach({ timeoutMs, open = connect }: ReachOptions): Reach {
  const reachable = new Set<string>();
  return {
    attempt: (url) => {
      const { host, hostname, port, protocol } = new URL(url);
      const controller = new AbortController();
      let answered = false;
      let end: (() => void) | undefined;
      if (!reachable.has(host)) {
        const standard = protocol === "https:" ? 443 : 80;
        const socket = open({
          host: hostname.replace(/^\[|\]$/g, ""),
          port: port === "" ? standard : Number(port),
        });
        const timer = setTimeout(() => controller.abort(), timeoutMs);
        end = () => {
          clearTimeout(timer);
          socket.destroy();
        };
        // A connection that is refused is the request's own failure, told in its own words.
        socket.on("error", end).on("connect", end);
      }
      return {
        signal: controller.signal,
        reached: () => {
          answered = true;
          end?.();
          reachable.add(host);
        },
        [Symbol.dispose]: () => {
          end?.();
          if (!answered) reachable.delete(host);
        },
      };
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
