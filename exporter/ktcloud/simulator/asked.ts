/** An HTTP request to the cloud's API -> which call of which zone, dialect and account it is. */
import type { ZoneName, ZonePrefix } from "../zones.ts";
import { KT_ZONES, zoneOfPrefix } from "../zones.ts";
import { CALLS, type Call, type Dialect } from "./fault-schema.ts";
import type { ZoneKnobs } from "./knobs.ts";

/** The routes of contract 7.1. */
export type Route = "token" | "command" | "command-legacy-path" | "balancers" | "servers";

/** What is asked of a zone that exists. */
export interface Asked {
  readonly route: Route;
  readonly zone: ZoneName;
  readonly prefix: ZonePrefix;
  /** Absent for logins. */
  readonly dialect: Dialect | undefined;
  /** Absent for a command that there is not. */
  readonly call: Call | undefined;
  readonly lbId: string | undefined;
  readonly query: URLSearchParams;
  /** Path and query, as they were sent. */
  readonly target: string;
}

/** Reads a request; `undefined` if there is no such zone. `id` is the load balancer in the path. */
export function readAsked(
  route: Route,
  url: string,
  path: { readonly zone: string; readonly id: string | undefined },
): Asked | undefined {
  const zone = zoneOfPrefix(path.zone);
  if (zone === undefined) return undefined;
  const { pathname, search, searchParams: query } = new URL(url);
  const dialect = route === "token" ? undefined : dialectOf(route);
  const lbId = path.id ?? query.get("loadbalancerid") ?? query.get("loadbalancerId") ?? undefined;
  return {
    route,
    zone,
    prefix: KT_ZONES[zone],
    dialect,
    call: callOf(route, query),
    lbId,
    query,
    target: pathname + search,
  };
}

/** Whether a zone answers a dialect at all. */
export function speaks({ dialect: spoken }: Pick<ZoneKnobs, "dialect">, dialect: Dialect): boolean {
  return spoken === dialect || (spoken === "both" && dialect !== "command-legacy-path");
}

function dialectOf(route: Exclude<Route, "token">): Dialect {
  return route === "balancers" || route === "servers" ? "rest" : route;
}

function callOf(route: Route, query: URLSearchParams): Call | undefined {
  switch (route) {
    case "token":
      return "token";
    case "balancers":
      return "listLoadBalancers";
    case "servers":
      return "listLoadBalancerWebServers";
    case "command":
    case "command-legacy-path":
    default:
      return CALLS.find((call) => call !== "token" && call === query.get("command"));
  }
}
