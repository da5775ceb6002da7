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
  /** Whose servers were asked for before the deadline. */
  readonly asked: ReadonlySet<string>;
  readonly dialect: Dialect | undefined;
}

export interface CollectOptions {
  /** Calls in flight at a time. */
  readonly concurrency: number;
  /** Whether a load balancer of that name is wanted. */
  readonly wanted: (name: string) => boolean;
  /** When the servers of a load balancer were last asked for, in any unit; `undefined` for never. */
  readonly askedAt: (id: string) => number | undefined;
  readonly cycle: Cycle;
}

/**
 * Asks for everything once: the list, and the servers of each load balancer that is wanted, those first that
 * were not asked for longest, so that a deadline does not end the same ones every time. What was asked and
 * did not answer has no right to be first: it would keep the others waiting again.
 */
export async function collect(
  api: LoadBalancerApi,
  { concurrency, wanted, askedAt, cycle }: CollectOptions,
): Promise<Collection> {
  const list = await attempt(async () => filter(await api.listLoadBalancers(cycle), wanted));
  const servers = new Map<string, Outcome<Listing<Server>>>();
  const asked = new Set<string>();
  const { dialect } = api;
  if (list.kind === "failed") return { list, servers, asked, dialect };
  const late: Outcome<never> = { kind: "failed", error: lateError() };
  // One iterator for all lanes: each takes the next load balancer when it is done with its last.
  const age = ({ id }: LoadBalancer) => askedAt(id) ?? Number.NEGATIVE_INFINITY;
  const queue = list.value.items.toSorted((a, b) => compare(age(a), age(b))).values();
  const lane = async () => {
    for (const { id } of queue) {
      if (cycle.signal.aborted) {
        servers.set(id, late);
        continue;
      }
      asked.add(id);
      servers.set(id, await attempt(() => api.listServers(id, cycle)));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { list, servers, asked, dialect };
}

/** All failures of a collection; one that several calls share, as a refused login, counts once. */
export function failuresOf({ list, servers }: Collection): ReadonlySet<ApiError> {
  const outcomes = [list, ...servers.values()];
  return new Set(outcomes.flatMap((one) => (one.kind === "failed" ? [one.error] : [])));
}

function compare(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
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
