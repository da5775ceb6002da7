/** The flags of the election -> this replica takes part in it, until the program ends. */
import { hostname } from "node:os";
import type { Registry } from "prom-client";
import { type Connection, connect } from "../shared/cluster/connection.ts";
import { ConfigError } from "../shared/config.ts";
import type { Life } from "../shared/lifecycle.ts";
import { describeError } from "../shared/log.ts";
import { runElection } from "./leader/election.ts";
import { createIdentity, type LeaderFlags, locateLease } from "./leader/flags.ts";
import { createLeases } from "./leader/leases.ts";
import { createLeaderMetrics } from "./leader/metrics.ts";
import type { LeaderState } from "./leader/state.ts";

export interface ElectOptions {
  readonly life: Pick<Life, "log" | "stopping" | "teardown" | "fail">;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly registry: Registry;
  /** See `ElectionOptions.onChange`. */
  readonly onChange: (state: LeaderState) => void | Promise<void>;
}

/**
 * Starts the election; does nothing without `--leader-elect`. At the end of the program the Lease is left to
 * the next one. Rejects with a {@link ConfigError} where there is no API server to be found.
 */
export async function startElection(config: LeaderFlags, options: ElectOptions): Promise<void> {
  const { life, env, registry, onChange } = options;
  const place = locateLease(config, { env });
  if (place.kind === "off") return;
  if (place.kind === "problems") throw new ConfigError(place.problems);
  const connection = await reach(config, env);
  const election = runElection({
    leases: await createLeases(connection, place),
    identity: createIdentity(hostname()),
    leaseDurationMs: config.leaseDuration,
    renewDeadlineMs: config.renewDeadline,
    retryPeriodMs: config.retryPeriod,
    onChange,
    log: life.log,
    metrics: createLeaderMetrics(registry),
    signal: life.stopping,
  });
  // Without it the program would serve on, and never collect again.
  const watched = election.catch(life.fail);
  life.teardown.defer(() => watched);
}

async function reach({ kubeconfig }: LeaderFlags, env: ElectOptions["env"]): Promise<Connection> {
  try {
    return await connect({ env, kubeconfig });
  } catch (error) {
    const source = kubeconfig === "" ? "the service account" : `--kubeconfig "${kubeconfig}"`;
    throw new ConfigError([
      `--leader-elect: the API server cannot be reached by ${source} (${describeError(error)})`,
    ]);
  }
}
