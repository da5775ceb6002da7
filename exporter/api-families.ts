/** What the worker has counted of the cloud's API -> the metrics that tell of it. */
import { DROP_REASONS, LIST_OPERATIONS, withBounds } from "./counters.ts";
import { add, addHistogram, type Family, family, labels } from "./exposition.ts";
import type { ZoneFacts } from "./facts.ts";
import { zoneLabels } from "./inherited.ts";
import { OPERATIONS } from "./ktcloud/errors.ts";

/** Calls, their durations, failures and what was wrong within the answers, by zone and operation. */
export function apiFamilies(zones: readonly ZoneFacts[]): Family[] {
  const calls = counter(
    "calls_total",
    "Requests sent to the cloud's API, by HTTP status; the code none is for those without a whole answer.",
  );
  const duration = family(
    "histogram",
    "ktcloud_api_call_duration_seconds",
    "Duration of the requests sent to the cloud's API in seconds.",
  );
  const errors = counter(
    "errors_total",
    "Calls of the cloud's API that failed, by class of failure.",
  );
  const retries = counter("retries_total", "Requests to the cloud's API that were sent again.");
  const dropped = counter(
    "items_dropped_total",
    "Items in the cloud's lists that could not be read or repeated another.",
  );
  const mismatches = counter(
    "count_mismatches_total",
    "Lists of the cloud whose count was not the number of their items.",
  );
  const tokens = counter("tokens_issued_total", "Tokens that the cloud has issued.");
  for (const zone of zones) {
    const own = zoneLabels(zone);
    const { counters } = zone;
    for (const operation of OPERATIONS) {
      for (const [code, count] of Object.entries(counters.calls[operation])) {
        add(calls, labels({ ...own, operation, code }), count);
      }
      addHistogram(
        duration,
        labels({ ...own, operation }),
        withBounds(counters.durations[operation]),
      );
      for (const [failure, count] of Object.entries(counters.errors[operation])) {
        add(errors, labels({ ...own, operation, class: failure }), count);
      }
    }
    for (const operation of LIST_OPERATIONS) {
      const written = labels({ ...own, operation });
      add(retries, written, counters.retries[operation]);
      add(mismatches, written, counters.mismatches[operation]);
      for (const reason of DROP_REASONS) {
        const count = counters.dropped[operation][reason];
        add(dropped, labels({ ...own, operation, reason }), count);
      }
    }
    add(tokens, labels(own), counters.tokens);
  }
  return [calls, duration, errors, retries, dropped, mismatches, tokens];
}

function counter(name: string, help: string): Family {
  return family("counter", `ktcloud_api_${name}`, help);
}
