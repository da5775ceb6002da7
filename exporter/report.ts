/** A collection and what it changed -> a few log lines, whatever the number of load balancers. */
import type { Logger } from "../shared/log.ts";
import type { Collection } from "./collect.ts";
import type { ApiError } from "./ktcloud/errors.ts";
import { droppedItems, type ZoneState } from "./zone.ts";

interface Change {
  /** Zone and, if it is told apart by name, account. */
  readonly who: { readonly zone: string; readonly account?: string };
  readonly before: ZoneState;
  readonly after: ZoneState;
  /** Failures that were told of already. */
  readonly known: { has(error: ApiError): boolean };
}

/** Logs failures and dropped items as warnings, changes as info, and a cycle without news as debug. */
export function reportCollection(log: Logger, collection: Collection, change: Change): void {
  const { who, before, after, known } = change;
  const { list } = collection;
  if (list.kind === "failed") {
    // While a login is held back, or the cloud asked to wait, one failure stands for many collections.
    const level = known.has(list.error) ? "debug" : "warn";
    log[level]("Cannot list the load balancers", { ...who, ...failureFields(list.error) });
    if (before.known !== undefined && after.known === undefined) {
      log.warn("The last good answer is too old, its series end", { ...who });
    }
    return;
  }
  reportServers(log, collection, who);
  const fields = {
    ...who,
    load_balancers: list.value.listed,
    duration_ms: Math.round(after.last?.durationMs ?? 0),
  };
  if (!before.up) log.info("The zone answers", fields);
  else if (before.known?.listed !== list.value.listed) {
    log.info("The number of load balancers changed", { ...fields, before: before.known?.listed });
  } else log.debug("Collected", fields);
}

function failureFields(error: ApiError) {
  const { failure, operation, status } = error;
  return { class: failure, operation, ...(status === undefined ? {} : { status }), error };
}

/** One line for each class of failure, with the first load balancer as the example. */
function reportServers(log: Logger, collection: Collection, who: Change["who"]): void {
  const failed = new Map<string, { error: ApiError; lbId: string; count: number }>();
  for (const [lbId, outcome] of collection.servers) {
    if (outcome.kind === "ok") continue;
    const { error } = outcome;
    const key = `${error.operation} ${error.failure}`;
    const seen = failed.get(key);
    if (seen === undefined) failed.set(key, { error, lbId, count: 1 });
    else seen.count += 1;
  }
  for (const { error, lbId, count } of failed.values()) {
    const fields = { ...who, ...failureFields(error), load_balancers: count, first_lb_id: lbId };
    log.warn("Cannot list servers", fields);
  }
  const dropped = droppedItems(collection);
  if (dropped > 0) {
    log.warn("Items left out of the page: unreadable or repeated", { ...who, dropped });
  }
}
