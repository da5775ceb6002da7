/** The "command" generation of the load balancer API (contract 3): commands -> checked lists. */
import { isObject, type JsonObject, normaliseKeys } from "./answer.ts";
import type { LoadBalancerApi } from "./api.ts";
import type { Client } from "./client.ts";
import { ApiError, type Operation } from "./errors.ts";
import { asArray, asCount, type RawList, readList, unreadable } from "./lists.ts";
import type { Cycle } from "./pacer.ts";
import { readLoadBalancers, readServers } from "./schema.ts";

/** The two paths that clients are known to use, the more likely one first (contract 0.3). */
const PATHS = ["/loadbalancer/client/api", "/loadbalancer/api"] as const;

/** The API of one zone in its "command" form. */
export function createCommandApi(client: Client): LoadBalancerApi {
  let path: (typeof PATHS)[number] = PATHS[0];

  const list = async (cycle: Cycle): Promise<JsonObject> => {
    const ask = (at: string) =>
      client.get("list_load_balancers", at + query("listLoadBalancers"), cycle);
    const [here, there] = path === PATHS[0] ? PATHS : [PATHS[1], PATHS[0]];
    try {
      return await ask(here);
    } catch (error) {
      if (!(error instanceof ApiError && error.serviceNotFound)) throw error;
      const answer = await ask(there);
      path = there;
      return answer;
    }
  };

  return {
    dialect: "command",
    listLoadBalancers: async (cycle) => {
      const answer = await list(cycle);
      const shape = { envelope: "listloadbalancersresponse", key: "loadbalancer" };
      return readList(open("list_load_balancers", answer, shape), readLoadBalancers);
    },
    listServers: async (loadbalancerid, cycle) => {
      const command = query("listLoadBalancerWebServers", { loadbalancerid });
      const answer = await client.get("list_servers", path + command, cycle);
      const shape = {
        envelope: "listloadbalancerwebserversresponse",
        key: "loadbalancerwebserver",
      };
      return readList(open("list_servers", answer, shape), readServers);
    },
  };
}

function query(command: string, parameters: Readonly<Record<string, string>> = {}): string {
  return `?${new URLSearchParams({ command, ...parameters, response: "json" }).toString()}`;
}

interface Shape {
  /** Lower-case command name + `response` (contract 3.5). */
  readonly envelope: string;
  readonly key: string;
}

/** Step 9 of contract 8.2: no envelope is an error, an empty one holds an empty list. */
function open(operation: Operation, answer: JsonObject, { envelope, key }: Shape): RawList {
  const content = answer[envelope];
  if (!isObject(content)) throw unreadable(operation, `no ${envelope} in the answer`);
  const { [key]: list, count } = normaliseKeys(content);
  const items = asArray(list);
  if (items === undefined) throw unreadable(operation, `${key} is no list`);
  return { operation, key, items, claimed: asCount(count) };
}
