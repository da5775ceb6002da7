/** `exporter check`: every target is logged in to and listed once -> one line a zone. */
import { definition } from "../config.ts";
import { createClient } from "../ktcloud/client.ts";
import { createApi } from "../ktcloud/dialects.ts";
import { ApiError, describeFailure } from "../ktcloud/errors.ts";
import { nameFilter, type Target } from "../targets/target.ts";
import {
  type CollectorTools,
  clientLimits,
  reachOf,
  type ZoneSettings,
} from "../zone-collector.ts";
import type { CommandResult } from "./commands.ts";

const { commands: _others, ...serving } = definition;

/** The command's own command line: all that the exporter is told, so that it tries what the exporter would do. */
export const checkDefinition = {
  ...serving,
  name: "exporter check",
  about:
    "Logs in to every zone and lists its load balancers once, one line a zone. Exit code 1 if one fails. It takes the exporter's own flags and variables; those of the listener, the election and the log change nothing.",
  examples: [
    "CLOUD_ID=user@example.com CLOUD_PASSWORD=… CLOUD_ZONE=DX-M1 exporter check",
    "exporter check --config.file /etc/lb-exporter/accounts.yaml",
  ],
};

/** Names that a line shows before it says how many more there are. */
const MAX_NAMES = 10;

/** Longest wait for one zone, in milliseconds: a login and a list, each of them tried again. */
const DEADLINE_MS = 60_000;

/** Asks each target for its load balancers, all at once. Exit code 1 if one of them fails. */
export async function check(
  targets: readonly Target[],
  tools: Omit<CollectorTools, "log"> & Pick<ZoneSettings, "connectTimeoutMs" | "proxied">,
): Promise<CommandResult> {
  const results = await Promise.all(targets.map((target) => checkTarget(target, tools)));
  return {
    code: results.every(({ ok }) => ok) ? 0 : 1,
    out: results.map(({ line }) => `${line}\n`).join(""),
    err: "",
  };
}

async function checkTarget(target: Target, tools: Parameters<typeof check>[1]) {
  const { monotonicNow } = tools;
  const name = target.account === undefined ? target.zone : `${target.account} ${target.zone}`;
  const client = createClient({
    ...target,
    ...tools,
    ...clientLimits,
    reach: reachOf(target, tools),
    loginHoldMs: DEADLINE_MS,
    observer: { exchanged: () => {}, retried: () => {}, tokenIssued: () => {} },
  });
  const api = createApi(client, target.dialect);
  const startedMs = monotonicNow();
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    const { items } = await api.listLoadBalancers({ signal, endsAtMs: startedMs + DEADLINE_MS });
    const wanted = items.map((one) => one.name).filter(nameFilter(target));
    const tookMs = Math.round(monotonicNow() - startedMs);
    const filtered = items.length - wanted.length;
    const facts = [api.dialect, `${tookMs} ms`, ...(filtered > 0 ? [`${filtered} filtered`] : [])];
    const count = wanted.length === 1 ? "1 load balancer" : `${wanted.length} load balancers`;
    return { ok: true, line: `${name}: ok, ${count} (${facts.join(", ")})${names(wanted)}` };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ok: false, line: `${name}: ${describeFailure(error)}` };
  }
}

function names(all: readonly string[]): string {
  if (all.length === 0) return "";
  const shown = all.slice(0, MAX_NAMES).map((name) => JSON.stringify(name).slice(1, -1));
  const more = all.length > MAX_NAMES ? ` and ${all.length - MAX_NAMES} more` : "";
  return `: ${shown.join(", ")}${more}`;
}
