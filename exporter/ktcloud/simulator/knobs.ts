/** JSON from `PUT /-/knobs` -> how the simulator behaves from now on, or what is wrong with it. */
import { z } from "zod";
import { KT_ZONES } from "../zones.ts";

/** The simulator's own names of the calls it answers, which are also the keys of its counters. */
export const CALLS = ["token", "listLoadBalancers", "listLoadBalancerWebServers"] as const;

export type Call = (typeof CALLS)[number];

const scope = {
  /** Only this call; without it all of them. */
  call: z.enum(CALLS).optional(),
  /** Only calls about this load balancer. */
  lbId: z.string().optional(),
  /** Only this zone, by its URL prefix. */
  zone: z.enum(Object.values(KT_ZONES)).optional(),
};

const fault = z.discriminatedUnion("kind", [
  z.strictObject({
    ...scope,
    kind: z.literal("status"),
    status: z.int().min(400).max(599),
    body: z
      .enum(["gateway", "keystone", "itemNotFound", "html", "empty", "ratelimit", "echo"])
      .default("gateway"),
    retryAfterSeconds: z.int().min(0).optional(),
  }),
  /** The real answer, after a while. */
  z.strictObject({ ...scope, kind: z.literal("delay"), ms: z.int().min(0).max(600_000) }),
  /** Headers and half of the body, and then nothing. */
  z.strictObject({ ...scope, kind: z.literal("stall") }),
  /** The connection is cut without an answer. */
  z.strictObject({ ...scope, kind: z.literal("reset") }),
  /** The connection is cut in the middle of the body. */
  z.strictObject({ ...scope, kind: z.literal("cut") }),
  /** A whole HTTP answer whose JSON ends in the middle. */
  z.strictObject({ ...scope, kind: z.literal("truncated") }),
  /** HTTP 200 that is an error all the same. */
  z.strictObject({
    ...scope,
    kind: z.literal("refusal"),
    shape: z.enum(["errorcode", "success", "gateway"]).default("errorcode"),
  }),
  /** HTTP 200 and JSON, but not what was asked for. */
  z.strictObject({ ...scope, kind: z.literal("envelope"), body: z.unknown() }),
]);

/** One fault; the first in the list that fits a call is the one it gets. */
export type Fault = z.output<typeof fault>;

const knobs = z.strictObject({
  faults: z.array(fault).max(100),
  /** Wire type of numbers; `mixed` has strings, fractions, blanks, `null`, `N/A` and missing keys. */
  numbers: z.enum(["number", "string", "mixed"]),
  /** How a list without items is written. */
  emptyShape: z.enum(["array", "missing", "null", "envelope"]),
  /** Whether a list of one item is that item instead of an array. */
  singleAsObject: z.boolean(),
  /** Whether `count` tells the truth, is one too high, or is left out. */
  count: z.enum(["right", "wrong", "absent"]),
  /** Load balancers of each zone. */
  loadBalancers: z.int().min(0).max(10_000),
  /** Servers of each load balancer. */
  servers: z.int().min(0).max(1000),
  /** Lifetime of tokens issued from now on. */
  tokenTtlSeconds: z.int().min(1).max(86_400),
  /** How far the cloud's clock is from the true time; tokens say when they end by that clock. */
  clockSkewSeconds: z.int().min(-86_400).max(86_400),
});

/** Everything that can be set while the simulator runs. */
export type Knobs = z.output<typeof knobs>;

/** The faithful cloud of contract 7.3. */
export function defaultKnobs(fleet: { loadBalancers: number; servers: number }): Knobs {
  return {
    faults: [],
    numbers: "number",
    emptyShape: "array",
    singleAsObject: false,
    count: "right",
    loadBalancers: fleet.loadBalancers,
    servers: fleet.servers,
    tokenTtlSeconds: 3600,
    clockSkewSeconds: 0,
  };
}

/** The current knobs with the given ones over them, or what is wrong in words. */
export function mergeKnobs(
  current: Knobs,
  change: unknown,
): { readonly knobs: Knobs } | { readonly problem: string } {
  const result = knobs.partial().safeParse(change);
  if (!result.success) return { problem: z.prettifyError(result.error) };
  return { knobs: knobs.parse({ ...current, ...result.data }) };
}
