/** A simulated cloud for a test, and a client's options that fit it. */
import { sleep } from "../../shared/lifecycle.ts";
import type { ClientObserver, ClientOptions } from "../ktcloud/client.ts";
import type { Cycle } from "../ktcloud/pacer.ts";
import { UNLIMITED_REACH } from "../ktcloud/reach.ts";
import { type Simulator, startSimulator } from "../ktcloud/simulator/start.ts";

export const ACCOUNT = "demo@example.com";
/** Holds what has a meaning in JSON, in YAML and in logfmt. */
export const PASSWORD = "s3cr\"et-'pass\\word";

/** Starts a simulator on a free port of 127.0.0.1. */
export function startCloud(
  fleet: { loadBalancers?: number; servers?: number } = {},
  now: () => number = Date.now,
): Simulator & AsyncDisposable {
  const simulator = startSimulator({
    bind: { host: "127.0.0.1", port: 0 },
    credentials: { account: ACCOUNT, password: PASSWORD },
    fleet: { loadBalancers: 6, servers: 3, seed: 1, ...fleet },
    now,
  });
  return { ...simulator, [Symbol.asyncDispose]: () => simulator.close() };
}

/** Counts nothing. */
export const NOBODY: ClientObserver = {
  exchanged: () => {},
  retried: () => {},
  tokenIssued: () => {},
};

/** A collection without a deadline. */
export const ENDLESS: Cycle = {
  signal: new AbortController().signal,
  endsAtMs: Number.POSITIVE_INFINITY,
};

/** Options of a client of zone DX-M1 with short limits. */
export function clientOptions(url: string): ClientOptions {
  return {
    apiUrl: url,
    zone: "DX-M1",
    credentials: { account: ACCOUNT, password: PASSWORD },
    fetch,
    reach: UNLIMITED_REACH,
    now: Date.now,
    monotonicNow: () => performance.now(),
    sleep,
    random: () => 0,
    spacingMs: 0,
    timeoutMs: 2000,
    maxBodyBytes: 1_000_000,
    loginHoldMs: 1000,
    observer: NOBODY,
  };
}
