/** A replica in small: takes part in an election, and while it leads a worker of it asks a cloud again and again. */
import { hostname } from "node:os";
import { connect } from "../../../shared/cluster/connection.ts";
import { ConfigError } from "../../../shared/config.ts";
import type { Flags } from "../../../shared/flags.ts";
import { runComponent } from "../../../shared/lifecycle.ts";
import { logFlags } from "../../../shared/log.ts";
import { httpUrl } from "../../../shared/values.ts";
import { runElection } from "../election.ts";
import { checkLeaderFlags, createIdentity, leaderFlags, locateLease } from "../flags.ts";
import { answerGate } from "../gate.ts";
import { createLeases } from "../leases.ts";

const flags = {
  ...leaderFlags,
  ...logFlags,
  cloud: { flag: "cloud", placeholder: "URL", help: "What is asked.", schema: httpUrl() },
} as const satisfies Flags;

const program = {
  definition: { name: "replica", prefix: "REPLICA", about: "", flags, check: checkLeaderFlags },
  life: { teardownMs: 8000, secondSignal: "exit" },
} as const;

function startWork(cloud: string, who: string, holds: () => boolean): () => Promise<void> {
  const worker = new Worker(new URL("./replica-worker.ts", import.meta.url).href);
  const { port1, port2 } = new MessageChannel();
  answerGate(port1, holds);
  worker.postMessage({ cloud, who, gate: port2 }, [port2]);
  return async () => {
    const closed = Promise.withResolvers<void>();
    worker.addEventListener("close", () => closed.resolve());
    worker.terminate();
    await closed.promise;
    port1.close();
  };
}

const host = { argv: process.argv.slice(2), env: process.env };

process.exit(
  await runComponent(program, host, async (config, { log, stopping }) => {
    const { env } = process;
    const place = locateLease(config, { env });
    if (place.kind === "problems") throw new ConfigError(place.problems);
    if (place.kind === "off") return;
    const connection = await connect({ env, kubeconfig: config.kubeconfig });
    const identity = createIdentity(hostname());
    log.info("Started", { identity });
    let stop: (() => Promise<void>) | undefined;
    await runElection({
      leases: await createLeases(connection, place),
      identity,
      leaseDurationMs: config.leaseDuration,
      renewDeadlineMs: config.renewDeadline,
      retryPeriodMs: config.retryPeriod,
      log,
      signal: stopping,
      onChange: async (state) => {
        if (state.kind === "leading") {
          stop = startWork(config.cloud, identity, state.holds);
          return;
        }
        const stopNow = stop;
        stop = undefined;
        await stopNow?.();
      },
    });
  }),
);
