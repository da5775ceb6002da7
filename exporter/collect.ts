/** One zone's API -> the outcome of one collection: the list, and the servers of each load balancer. */
import type { Dialect, LoadBalancerApi } from "./ktcloud/api.ts";
import { ApiError } from "./ktcloud/errors.ts";
import type { Cycle } from "./ktcloud/pacer.ts";
import type { Listing, LoadBalancer, Server } from "./ktcloud/schema.ts";

/** What came of one call. */
export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "failed"; readonly error: ApiError };

/** The load balancers of a zone that are wanted. */
export interface BalancerListing extends Listing<LoadBalancer> {
  /** How many the filter left out; they are neither in `items` nor in `listed`. */
  readonly filtered: number;
}

/** What came of one collection. */
export interface Collection {
  readonly list: Outcome<BalancerListing>;
  /** By load balancer id; empty if the list failed, since nobody knows then whom to ask for. */
  readonly servers: ReadonlyMap<string, Outcome<Listing<Server>>>;
  readonly dialect: Dialect | undefined;
}

export interface CollectOptions {
  /** Calls in flight at a time. */
  readonly concurrency: number;
  /** Whether a load balancer of that name is wanted. */
  readonly wanted: (name: string) => boolean;
  readonly cycle: Cycle;
}

/** Asks for everything once: the list, and the servers of each load balancer that is wanted. */
export async function collect(
  api: LoadBalancerApi,
  { concurrency, wanted, cycle }: CollectOptions,
): Promise<Collection> {
  const list = await attempt(async () => filter(await api.listLoadBalancers(cycle), wanted));
  const servers = new Map<string, Outcome<Listing<Server>>>();
  const { dialect } = api;
  if (list.kind === "failed") return { list, servers, dialect };
  const late: Outcome<never> = { kind: "failed", error: lateError() };
  // One iterator for all lanes: each takes the next load balancer when it is done with its last.
  const queue = list.value.items.values();
  const lane = async () => {
    for (const { id } of queue) {
      const ask = () => api.listServers(id, cycle);
      servers.set(id, cycle.signal.aborted ? late : await attempt(ask));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { list, servers, dialect };
}

/** All failures of a collection; one that several calls share, as a refused login, counts once. */
export function failuresOf({ list, servers }: Collection): ReadonlySet<ApiError> {
  const outcomes = [list, ...servers.values()];
  return new Set(outcomes.flatMap((one) => (one.kind === "failed" ? [one.error] : [])));
}

function filter(
  listing: Listing<LoadBalancer>,
  wanted: (name: string) => boolean,
): BalancerListing {
  const items = listing.items.filter(({ name }) => wanted(name));
  const filtered = listing.items.length - items.length;
  return { ...listing, items, listed: listing.listed - filtered, filtered };
}

function lateError(): ApiError {
  const message = "not asked any more, the collection's deadline had passed";
  return new ApiError(message, { failure: "timeout", operation: "list_servers" });
}

async function attempt<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: "ok", value: await call() };
  } catch (error) {
    // Anything else is a bug, which must not be reported as the cloud's fault.
    if (!(error instanceof ApiError)) throw error;
    return { kind: "failed", error };
  }
}
