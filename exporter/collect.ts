/** One zone's API -> the outcome of one collection: the list, and the servers of each load balancer. */
import type { LoadBalancerApi } from "./ktcloud/command.ts";
import { ApiError } from "./ktcloud/errors.ts";
import type { Listing, LoadBalancer, Server } from "./ktcloud/schema.ts";

/** What came of one call. */
export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "failed"; readonly error: ApiError };

/** What came of one collection. */
export interface Collection {
  readonly list: Outcome<Listing<LoadBalancer>>;
  /** By load balancer id; empty if the list failed, since nobody knows then whom to ask for. */
  readonly servers: ReadonlyMap<string, Outcome<Listing<Server>>>;
}

/** Asks for everything once: 1 + N calls, at most `concurrency` of them at a time. */
export async function collect(api: LoadBalancerApi, concurrency: number): Promise<Collection> {
  const list = await attempt(() => api.listLoadBalancers());
  const servers = new Map<string, Outcome<Listing<Server>>>();
  if (list.kind === "failed") return { list, servers };
  // One iterator for all lanes: each takes the next load balancer when it is done with its last.
  const queue = list.value.items.values();
  const lane = async () => {
    for (const { id } of queue) servers.set(id, await attempt(() => api.listServers(id)));
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { list, servers };
}

/** All failures of a collection; one that several calls share, as a refused login, counts once. */
export function failuresOf({ list, servers }: Collection): ReadonlySet<ApiError> {
  const outcomes = [list, ...servers.values()];
  return new Set(outcomes.flatMap((one) => (one.kind === "failed" ? [one.error] : [])));
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
