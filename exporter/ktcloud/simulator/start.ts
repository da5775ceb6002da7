/** Options -> a simulated cloud that listens, with its knobs and counters at hand. */
import { type Listener, listen } from "../../../shared/http.ts";
import type { BindAddress } from "../../../shared/values.ts";
import { createSimulatorApp } from "./app.ts";
import { createCloud } from "./cloud.ts";
import { resetKnobs, turnKnobs } from "./controls.ts";
import { type Counts, createCounts } from "./counts.ts";
import type { KnobChange } from "./knobs.ts";
import type { Credentials } from "./login.ts";
import { defaultKnobs, settingsOf } from "./settings.ts";

export interface SimulatorOptions {
  readonly bind: BindAddress;
  /** The first account that may log in; the knob `accounts` adds others. */
  readonly credentials: Credentials;
  readonly fleet: {
    readonly loadBalancers: number;
    readonly servers: number;
    readonly seed: number;
  };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** From 0 up to 1, for faults by probability. Default `Math.random`. */
  readonly random?: () => number;
}

/** A running simulator. */
export interface Simulator {
  readonly port: number;
  /** Base URL for `--api.url`. */
  readonly url: string;
  readonly counts: Counts;
  /** How many tokens were ever issued. */
  tokensIssued(): number;
  /** Changes some knobs at once, as `PUT /-/knobs` does. Throws a RangeError that says what is wrong. */
  turn(change: KnobChange): void;
  /** Turns every knob back to how it was at the start. */
  reset(): void;
  revokeTokens(): void;
  /** Cuts whatever is still going on. */
  close(): Promise<void>;
}

/** Starts a simulator. Throws `ListenError`. */
export function startSimulator(options: SimulatorOptions): Simulator {
  const { bind, credentials, fleet, now, random = Math.random } = options;
  const faithful = defaultKnobs(fleet);
  const settings = settingsOf(faithful);
  const cloud = createCloud({ credentials, seed: fleet.seed, now, settings, random });
  const counts = createCounts();
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const app = createSimulatorApp({ cloud, counts, faithful, elapsedMs });
  const listener: Listener = listen({
    flag: "--port",
    bind,
    // A stalled answer stands still until its client gives up.
    idleTimeoutSeconds: 0,
    // The knobs of thousands of load balancers.
    maxBodyBytes: 4 * 1024 * 1024,
    fetch: (request) => app.fetch(request),
  });
  return {
    port: listener.port,
    url: `http://${bind.host.includes(":") ? `[${bind.host}]` : bind.host}:${listener.port}`,
    counts,
    tokensIssued: () => cloud.tokens.issued(),
    turn: (change) => {
      const problem = turnKnobs(cloud, change);
      if (problem !== undefined) throw new RangeError(`These knobs cannot be turned:\n${problem}`);
    },
    reset: () => resetKnobs({ cloud, faithful }),
    revokeTokens: () => cloud.tokens.revokeAll(),
    close: () => listener.close(0),
  };
}
