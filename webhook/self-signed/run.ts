/** Looks after the certificate for as long as the webhook lives: when something changes, when it is due, and again after failures. */
import { Alarm } from "../../shared/cluster/alarm.ts";
import { ApiError } from "../../shared/cluster/api.ts";
import type { Connection } from "../../shared/cluster/connection.ts";
import { createTeller } from "../../shared/cluster/failures.ts";
import { watch } from "../../shared/cluster/watch.ts";
import { sleep as sleepReally } from "../../shared/lifecycle.ts";
import type { Logger } from "../../shared/log.ts";
import { operation } from "../cluster/api.ts";
import { SelfSigned, type SelfSignedOptions } from "./loop.ts";

export interface RunOptions extends SelfSignedOptions {
  readonly connection: Connection;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Waits; ends early when the signal aborts. Default: real time. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, for jitter. Default: Math.random. */
  readonly random?: () => number;
}

/** Pauses after failures: doubled from the first to the last, half of each at random. */
const BACK_OFF_MS = { first: 500, last: 30_000 };

/** After a change, until the next look. */
const SETTLE_MS = 500;

/** Runs until `signal` aborts. Never rejects: without the API server, what is served is served on. */
export async function runSelfSigned(options: RunOptions): Promise<void> {
  const { connection, signal, namespace, secretName, configurationName, log } = options;
  const { random = Math.random, sleep = sleepReally } = options;
  const alarm = new Alarm(signal);
  const warn = createTeller(options);
  const tell = (error: ApiError) => {
    options.metrics.failed(error);
    warn(error);
  };
  const watching = {
    connection,
    signal,
    random,
    sleep: (ms: number) => sleep(ms, signal),
    onChange: () => alarm.ring(),
    onError: tell,
  };
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  await Promise.all([
    watch({ operation: operation("watch_secret"), path: secrets, name: secretName }, watching),
    watch(
      {
        operation: operation("watch_webhook_configuration"),
        path: configurations,
        name: configurationName,
      },
      watching,
    ),
    keepLooking(new SelfSigned(options), { alarm, sleep, random, signal, tell, log }),
  ]);
}

interface Looking {
  readonly alarm: Alarm;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly tell: (error: ApiError) => void;
  readonly log: Logger;
}

async function keepLooking(selfSigned: SelfSigned, looking: Looking): Promise<void> {
  const { alarm, sleep, random, signal, tell, log } = looking;
  let failures = 0;
  while (!signal.aborted) {
    // From here on a change means another look, also one that comes while this look is going on.
    const rung = alarm.set();
    try {
      const pause = await selfSigned.look();
      failures = 0;
      await sleep(pause, rung);
      // One change seldom comes alone, and two webhooks that disagree must not chase each other.
      if (rung.aborted) await sleep(SETTLE_MS * (0.5 + random() / 2), signal);
    } catch (error) {
      if (error instanceof ApiError) tell(error);
      else log.error("Failed to look after the certificate", { error });
      const pause = Math.min(BACK_OFF_MS.first * 2 ** failures, BACK_OFF_MS.last);
      failures += 1;
      // Not cut short by changes: a failing API server must not be asked more often for them.
      await sleep(pause * (0.5 + random() / 2), signal);
    }
  }
}
