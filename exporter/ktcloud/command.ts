/** The "command" generation of the load balancer API (contract 3): commands -> checked lists. */
import { isObject, type JsonObject, normaliseKeys } from "./answer.ts";
import type { Client } from "./client.ts";
import { ApiError, type Operation } from "./errors.ts";
import {
  type Listing,
  type LoadBalancer,
  readLoadBalancers,
  readServers,
  type Server,
} from "./schema.ts";

/** What an exporter asks of a zone, whichever generation answers. Each call may throw `ApiError`. */
export interface LoadBalancerApi {
  listLoadBalancers(): Promise<Listing<LoadBalancer>>;
  listServers(loadBalancerId: string): Promise<Listing<Server>>;
}

const PATH = "/loadbalancer/client/api";

/** The API of one zone in its "command" form. */
export function createCommandApi(client: Client): LoadBalancerApi {
  return {
    listLoadBalancers: async () => {
      const operation = "list_load_balancers" as const;
      const answer = await client.get(operation, commandPath("listLoadBalancers"));
      const list = { operation, envelope: "listloadbalancersresponse", key: "loadbalancer" };
      return readList(answer, list, readLoadBalancers);
    },
    listServers: async (loadbalancerid) => {
      const operation = "list_servers";
      const path = commandPath("listLoadBalancerWebServers", { loadbalancerid });
      const answer = await client.get(operation, path);
      const envelope = "listloadbalancerwebserversresponse";
      return readList(answer, { operation, envelope, key: "loadbalancerwebserver" }, readServers);
    },
  };
}

function commandPath(command: string, parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ command, ...parameters, response: "json" });
  return `${PATH}?${query.toString()}`;
}

interface ListShape {
  readonly operation: Operation;
  /** Lower-case command name + `response` (contract 3.5). */
  readonly envelope: string;
  readonly key: string;
}

/**
 * Steps 9 and 10 of contract 8.2. No envelope is an error, an empty one an empty list; but a list
 * that claims items and shows none, or of which nothing can be read, is an error too.
 */
function readList<T>(
  answer: JsonObject,
  { operation, envelope, key }: ListShape,
  read: (items: readonly unknown[]) => Listing<T>,
): Listing<T> {
  const unreadable = (message: string) => new ApiError(message, { failure: "parse", operation });
  const content = answer[envelope];
  if (!isObject(content)) throw unreadable(`no ${envelope} in the answer`);
  const { [key]: list, count } = normaliseKeys(content);
  const items = asArray(list);
  if (items === undefined) throw unreadable(`${key} is no list`);
  if (items.length === 0 && Number(count) > 0) {
    throw unreadable(`count is ${Number(count)}, but ${key} holds nothing`);
  }
  const listing = read(items);
  if (items.length > 0 && listing.items.length === 0) {
    throw unreadable(`none of the ${items.length} items in ${key} can be read`);
  }
  return listing;
}

/** An array as it is, nothing as an empty one, a single object as an array of it. */
function asArray(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  return isObject(value) ? [value] : undefined;
}
