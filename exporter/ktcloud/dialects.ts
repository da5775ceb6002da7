/** The choice `auto`, `command` or `rest` -> the API of a zone, found by asking where it has to be found. */
import type { Dialect, LoadBalancerApi } from "./api.ts";
import type { Client } from "./client.ts";
import { createCommandApi } from "./command.ts";
import { ApiError } from "./errors.ts";
import { createRestApi } from "./rest.ts";

/** How a zone's generation is chosen: `auto` asks "rest" first, then "command", and remembers which answered. */
export type DialectChoice = "auto" | Dialect;

/**
 * The API of a zone. `auto` turns to the other generation only where the gateway says that it knows no
 * such service: ids differ between the two, so a switch ends every series and starts new ones, which no
 * passing fault may bring about (contract 8.3).
 */
export function createApi(
  client: Client,
  choice: DialectChoice,
  options: {
    /** What answered before, where somebody remembers: it is asked first. */
    readonly known?: Dialect | undefined;
    readonly onSwitch?: (from: Dialect, to: Dialect) => void;
  } = {},
): LoadBalancerApi {
  if (choice === "rest") return createRestApi(client);
  if (choice === "command") return createCommandApi(client);
  const apis = { rest: createRestApi(client), command: createCommandApi(client) };
  let { known } = options;
  return {
    get dialect() {
      return known;
    },
    listLoadBalancers: async (cycle) => {
      const first = known ?? "rest";
      const second = first === "rest" ? "command" : "rest";
      const ask = async (dialect: Dialect) => {
        const listing = await apis[dialect].listLoadBalancers(cycle);
        if (known !== undefined && known !== dialect) options.onSwitch?.(known, dialect);
        known = dialect;
        return listing;
      };
      try {
        return await ask(first);
      } catch (error) {
        if (!(error instanceof ApiError && error.serviceNotFound)) throw error;
        return await ask(second);
      }
    },
    listServers: (id, cycle) => apis[known ?? "rest"].listServers(id, cycle),
  };
}
