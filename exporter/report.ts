/** A collection and what it changed -> a few log lines, whatever the number of load balancers. */
import { describeError, type Logger } from "../shared/log.ts";
import type { Collection } from "./collect.ts";
import type { ApiError } from "./ktcloud/errors.ts";
import type { ZoneName } from "./ktcloud/zones.ts";
import type { ZoneState } from "./zone.ts";

interface Change {
  readonly zone: ZoneName;
  readonly before: ZoneState;
  readonly after: ZoneState;
}

/** Logs failures and dropped items as warnings, changes as info, and a cycle without news as debug. */
export function reportCollection(log: Logger, collection: Collection, change: Change): void {
  const { zone, before, after } = change;
  const { list } = collection;
  if (list.kind === "failed") {
    log.warn("Cannot list the load balancers", { zone, ...failureFields(list.error) });
    if (before.known !== undefined && after.known === undefined) {
      log.warn("The last good answer is too old, its series end", { zone });
    }
    return;
  }
  reportServers(log, collection, zone);
  const fields = {
    zone,
    load_balancers: list.value.listed,
    duration_ms: Math.round(after.last?.durationMs ?? 0),
  };
  if (!before.up) log.info("The zone answers", fields);
  else if (before.known?.listed !== list.value.listed) {
    log.info("The number of load balancers changed", { ...fields, before: before.known?.listed });
  } else log.debug("Collected", fields);
}

/** A failure in words, for a log line or a readiness reason: class, operation, message. */
export function describeFailure(error: ApiError): string {
  return `${error.operation} failed (${error.failure}): ${describeError(error)}`;
}

function failureFields(error: ApiError) {
  const { failure, operation, status } = error;
  return { class: failure, operation, ...(status === undefined ? {} : { status }), error };
}

/** One line for each class of failure, with the first load balancer as the example. */
function reportServers(log: Logger, { list, servers }: Collection, zone: ZoneName): void {
  const failed = new Map<string, { error: ApiError; lbId: string; count: number }>();
  let dropped = list.kind === "ok" ? list.value.dropped : 0;
  for (const [lbId, outcome] of servers) {
    if (outcome.kind === "ok") {
      dropped += outcome.value.dropped;
      continue;
    }
    const { error } = outcome;
    const key = `${error.operation} ${error.failure}`;
    const seen = failed.get(key);
    if (seen === undefined) failed.set(key, { error, lbId, count: 1 });
    else seen.count += 1;
  }
  for (const { error, lbId, count } of failed.values()) {
    const fields = { zone, ...failureFields(error), load_balancers: count, first_lb_id: lbId };
    log.warn("Cannot list servers", fields);
  }
  if (dropped > 0)
    log.warn("Items left out of the page: unreadable or repeated", { zone, dropped });
}
