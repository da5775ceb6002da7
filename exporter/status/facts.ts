/** Everything that the status page says of the last collections. Plain data, times in ms since the epoch. */
import type { LoadBalancer, Server } from "../ktcloud/schema.ts";

/** What the page is rendered from, once a collection. */
export interface StatusFacts {
  readonly builtAtMs: number;
  /** Time from the start of one collection to the start of the next. */
  readonly intervalMs: number;
  /** How long the last good answer stands in for one that failed. */
  readonly maxAgeMs: number;
  readonly zones: readonly ZoneStatus[];
}

/** One zone of one account. */
export interface ZoneStatus {
  /** The account's name in the configuration file; `undefined` where there is no such file. */
  readonly account: string | undefined;
  readonly zone: string;
  /** Whether the last collection listed the load balancers. */
  readonly up: boolean;
  /** Which generation of the API answers, once that is known. */
  readonly dialect: "command" | "rest" | undefined;
  /** Why the last listing failed, in words. */
  readonly problem: string | undefined;
  readonly lastSuccessAtMs: number | undefined;
  readonly lastDurationMs: number | undefined;
  /** How many collections failed since the last success. */
  readonly failures: number;
  /** How many items of the last collection could not be read. */
  readonly dropped: number;
  /** `undefined`: never known, or known too long ago. */
  readonly balancers: readonly BalancerStatus[] | undefined;
}

/** One load balancer. Its `state` is in upper case: `UP`, `DOWN`, another word, or empty. */
export interface BalancerStatus extends LoadBalancer {
  /** Why its servers could not be read, in words. */
  readonly problem: string | undefined;
  /** When the servers below were read. */
  readonly serversAtMs: number | undefined;
  readonly servers: readonly ServerStatus[] | undefined;
  /** Oldest first, one a collection, at most 60. */
  readonly history: readonly HistoryPoint[];
}

/** What one collection read of one load balancer; `undefined` is what it could not read. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly requestsPerSecond: number | undefined;
  readonly connections: number | undefined;
  /** How many servers were UP. */
  readonly up: number | undefined;
  readonly servers: number | undefined;
}

/** One server, as far as the page shows it. Its `state` is in upper case. */
export type ServerStatus = Pick<
  Server,
  "ip" | "port" | "state" | "connections" | "throughputRate" | "averageTtfbMs" | "requestsPerSecond"
>;
