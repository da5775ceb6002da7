/** What an exporter asks of a zone, whichever generation of the load balancer API answers. */
import type { Cycle } from "./pacer.ts";
import type { Listing, LoadBalancer, Server } from "./schema.ts";

/** The two generations (contract 0.3). */
export const DIALECTS = ["command", "rest"] as const;

/** A generation of the API. */
export type Dialect = (typeof DIALECTS)[number];

/** Each call may throw `ApiError`. */
export interface LoadBalancerApi {
  /** The generation that answered last; `undefined` while none has. */
  readonly dialect: Dialect | undefined;
  listLoadBalancers(cycle: Cycle): Promise<Listing<LoadBalancer>>;
  listServers(loadBalancerId: string, cycle: Cycle): Promise<Listing<Server>>;
}
