/** A zone of the simulated cloud, asked by plain HTTP without the client that is under test elsewhere. */
import type { ZonePrefix } from "../ktcloud/zones.ts";
import { ACCOUNT, PASSWORD } from "./cloud.ts";

const COMMAND = "loadbalancer/client/api?response=json&command=";

/** Logs in; whatever the cloud answers. */
export function login(
  url: string,
  over: { zone?: ZonePrefix; account?: string; password?: string; project?: string } = {},
): Promise<Response> {
  const { zone = "d1", account = ACCOUNT, password = PASSWORD, project = account } = over;
  const domain = { id: "default" };
  return fetch(`${url}/${zone}/identity/auth/tokens`, {
    method: "POST",
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { domain, name: account, password } },
        },
        scope: { project: { domain, name: project } },
      },
    }),
  });
}

/** Logs in and gives a function that asks for a path within the zone. */
export async function enter(url: string, over: Parameters<typeof login>[1] = {}) {
  const token = (await login(url, over)).headers.get("x-subject-token") ?? "";
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${url}/${over.zone ?? "d1"}/${path}`, { headers: { "x-auth-token": token }, ...init });
  const json = async (path: string): Promise<unknown> => (await get(path)).json();
  return {
    token,
    get,
    json,
    /** The command dialect's lists as JSON. */
    balancers: () => json(LIST_PATH),
    servers: (id: number | string) => json(SERVERS_PATH + id),
  };
}

/** The path of the command dialect's list of load balancers within a zone. */
export const LIST_PATH = `${COMMAND}listLoadBalancers`;

/** The path of the command dialect's list of the servers of one load balancer within a zone. */
export const SERVERS_PATH = `${COMMAND}listLoadBalancerWebServers&loadbalancerid=`;
