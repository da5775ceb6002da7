/** One call of the cloud -> the true answer: tokens, load balancers, servers (contract 2, 3, 7). */
import { z } from "zod";
import type { ZoneName } from "../zones.ts";
import { type Answer, gatewayError, keystoneError } from "./faults.ts";
import { balancerById, type FleetBalancer, fleetAt } from "./fleet.ts";
import { parseJson } from "./json.ts";
import type { Knobs } from "./knobs.ts";
import { balancerList, serverList } from "./shapes.ts";
import type { TokenBook } from "./tokens.ts";

/** What the cloud knows when it answers. */
export interface Cloud {
  readonly credentials: { readonly account: string; readonly password: string };
  readonly tokens: TokenBook;
  readonly seed: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  knobs: Knobs;
}

const UNAUTHORIZED = keystoneError(
  401,
  "Unauthorized",
  "The request you have made requires authentication.",
);

const domain = z.object({ id: z.literal("default") });

const login = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.tuple([z.literal("password")]),
      password: z.object({
        user: z.object({ domain, name: z.string(), password: z.string() }),
      }),
    }),
    scope: z.object({ project: z.object({ domain, name: z.string() }) }),
  }),
});

/** Answers `POST …/identity/auth/tokens`. `body` is what the request held. */
export function answerLogin(cloud: Cloud, zone: ZoneName, body: string): Answer {
  const asked = login.safeParse(parseJson(body));
  if (!asked.success) return keystoneError(400, "Bad Request", "Expecting to find auth in body.");
  const { identity, scope } = asked.data.auth;
  const { name, password } = identity.password.user;
  const { account, password: expected } = cloud.credentials;
  if (name !== account || password !== expected || scope.project.name !== account) {
    return UNAUTHORIZED;
  }
  const { tokenTtlSeconds, clockSkewSeconds } = cloud.knobs;
  const token = cloud.tokens.issue(zone, tokenTtlSeconds);
  const stamp = (ms: number) =>
    new Date(ms + clockSkewSeconds * 1000).toISOString().replace("Z", "000Z");
  const owner = { id: "0123456789abcdef0123456789abcdef", name: account };
  const home = { domain: { id: "default", name: "Default" } };
  return {
    status: 201,
    headers: { "x-subject-token": token.text },
    body: {
      token: {
        methods: ["password"],
        issued_at: stamp(token.issuedAtMs),
        expires_at: stamp(token.endsAtMs),
        project: { ...owner, ...home },
        user: { ...owner, ...home },
        roles: [{ id: "9fe2ff9ee4384b1894a90878d3e92bab", name: "_member_" }],
        catalog: [],
        is_domain: false,
        audit_ids: ["3T2dc1CGQxyJsHdDu1xkcw"],
      },
    },
  };
}

/** Answers `GET …/loadbalancer/client/api`. */
export function answerCommand(cloud: Cloud, zone: ZoneName, query: URLSearchParams): Answer {
  const { knobs, now, seed } = cloud;
  const { loadBalancers, servers } = knobs;
  const shape = { loadBalancers, servers, seed };
  const command = query.get("command");
  if (command === "listLoadBalancers") {
    return ok(balancerList(filtered(fleetAt(shape, zone, now()), query), knobs));
  }
  if (command === "listLoadBalancerWebServers") {
    const id = Number(query.get("loadbalancerid") ?? "");
    const balancer = balancerById(shape, { zone, id }, now());
    if (balancer === undefined) return gatewayError(404, `load balancer ${id} does not exist`);
    return ok(serverList(balancer.servers, knobs));
  }
  return gatewayError(400, "The given command does not exist");
}

/** Whether a request for a zone carries a token that is good there, or the 401 it gets. */
export function refuseToken(cloud: Cloud, zone: ZoneName, token: string | undefined) {
  return cloud.tokens.isValid(token, zone) ? undefined : UNAUTHORIZED;
}

/** The optional filters of contract 3.2. */
function filtered(fleet: FleetBalancer[], query: URLSearchParams): FleetBalancer[] {
  return ["name", "serviceip", "loadbalancerid", "zoneid"].reduce((left, key) => {
    const wanted = query.get(key);
    return wanted === null ? left : left.filter(({ facts }) => String(facts[key]) === wanted);
  }, fleet);
}

function ok(body: unknown): Answer {
  return { status: 200, headers: {}, body };
}
