/** Options -> a simulated cloud that listens, with its knobs and counters at hand. */
import { type Listener, listen } from "../../../shared/http.ts";
import type { BindAddress } from "../../../shared/values.ts";
import { type Counts, createCounts, createSimulatorApp } from "./app.ts";
import type { Cloud } from "./cloud.ts";
import type { FleetShape } from "./fleet.ts";
import { defaultKnobs, type Knobs } from "./knobs.ts";
import { createTokenBook } from "./tokens.ts";

export interface SimulatorOptions {
  readonly bind: BindAddress;
  /** The one account that may log in. */
  readonly credentials: { readonly account: string; readonly password: string };
  readonly fleet: FleetShape;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A running simulator. */
export interface Simulator {
  readonly port: number;
  /** Base URL for `--api.url`. */
  readonly url: string;
  readonly counts: Counts;
  /** How many tokens were ever issued. */
  tokensIssued(): number;
  /** Changes some knobs at once, as `PUT /-/knobs` does. */
  turn(change: Partial<Knobs>): void;
  revokeTokens(): void;
  /** Cuts whatever is still going on. */
  close(): Promise<void>;
}

/** Starts a simulator. Throws `ListenError`. */
export function startSimulator(options: SimulatorOptions): Simulator {
  const { bind, credentials, fleet, now } = options;
  const tokens = createTokenBook(now);
  const cloud: Cloud = { credentials, tokens, seed: fleet.seed, now, knobs: defaultKnobs(fleet) };
  const counts = createCounts();
  const app = createSimulatorApp(cloud, counts);
  const listener: Listener = listen({
    flag: "--port",
    bind,
    fetch: (request) => app.fetch(request),
  });
  return {
    port: listener.port,
    url: `http://${bind.host.includes(":") ? `[${bind.host}]` : bind.host}:${listener.port}`,
    counts,
    tokensIssued: () => tokens.issued(),
    turn: (change) => {
      cloud.knobs = { ...cloud.knobs, ...change };
    },
    revokeTokens: () => tokens.revokeAll(),
    close: () => listener.close(0),
  };
}
