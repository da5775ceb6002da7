/** JSON of the knob `faults` -> checked faults: what goes wrong, for which calls, and how often. */
import { z } from "zod";
import { KT_ZONES } from "../zones.ts";

/** The simulator's own names of the calls it answers, which are also the keys of its counters. */
export const CALLS = ["token", "listLoadBalancers", "listLoadBalancerWebServers"] as const;

export type Call = (typeof CALLS)[number];

/** The forms of the load balancer API that a zone can have. */
export const DIALECTS = ["command", "command-legacy-path", "rest"] as const;

export type Dialect = (typeof DIALECTS)[number];

/** A zone's URL prefix. */
export const zonePrefix = z.enum(Object.values(KT_ZONES));

const turns = z.int().max(1_000_000_000);

const scope = {
  call: z.enum(CALLS).optional().describe("Only this call."),
  lbId: z
    .string()
    .optional()
    .describe("Only calls about this load balancer, by its number or its UUID, in any dialect."),
  zone: zonePrefix.optional().describe("Only this zone, by its URL prefix."),
  dialect: z.enum(DIALECTS).optional().describe("Only calls in this dialect."),
  account: z.string().optional().describe("Only calls of this account."),
  after: turns.min(0).optional().describe("Spares the first so many calls that fit."),
  every: turns.min(1).optional().describe("Only each n-th call that fits."),
  times: turns.min(0).optional().describe("Is over after so many calls."),
  probability: z.number().min(0).max(1).optional().describe("Only this share of the calls."),
};

/** What each fault may be limited by; several limits must all fit. */
export const FAULT_SCOPE = scope;

/** The bodies that an error status may come with. */
export const ERROR_BODIES = [
  "gateway",
  "keystone",
  "itemNotFound",
  "httpStatus",
  "html",
  "text",
  "empty",
  "truncated",
  "ratelimit",
  "echo",
] as const;

/** One schema for each kind of fault. */
export const FAULT_KINDS = [
  z
    .strictObject({
      ...scope,
      kind: z.literal("status"),
      status: z.int().min(400).max(599),
      body: z.enum(ERROR_BODIES).default("gateway"),
      retryAfterSeconds: z.int().min(0).max(86_400).optional(),
      retryAfterAs: z.enum(["seconds", "date"]).optional(),
    })
    .describe(
      "An HTTP error, with or without `Retry-After`. The body `echo` repeats the token and the request's body, as a careless server does.",
    ),
  z
    .strictObject({ ...scope, kind: z.literal("delay"), ms: z.int().min(0).max(600_000) })
    .describe("The true answer, its headers included, after so many milliseconds."),
  z
    .strictObject({ ...scope, kind: z.literal("stall") })
    .describe("Headers and half of the body, and then nothing."),
  z
    .strictObject({ ...scope, kind: z.literal("reset") })
    .describe(
      "The connection is cut without an answer. On a connection that was used before, many clients repeat a GET by themselves, Bun's `fetch` among them, and see nothing of a fault with `times` 1.",
    ),
  z
    .strictObject({ ...scope, kind: z.literal("cut") })
    .describe("The connection is cut in the middle of the body."),
  z
    .strictObject({ ...scope, kind: z.literal("truncated") })
    .describe("A whole HTTP answer whose JSON ends in the middle."),
  z
    .strictObject({
      ...scope,
      kind: z.literal("large"),
      bytes: z
        .int()
        .min(1)
        .max(2 ** 30),
    })
    .describe(
      "The true answer behind so many bytes of blanks: good JSON, but over a client's cap.",
    ),
  z
    .strictObject({
      ...scope,
      kind: z.literal("redirect"),
      status: z.literal([301, 302, 303, 307, 308]).default(302),
      location: z
        .string()
        .min(1)
        .max(2000)
        .regex(/^[\x21-\x7e]+$/)
        .default("/-/redirected"),
    })
    .describe("A redirect; who follows it takes the token along."),
  z
    .strictObject({
      ...scope,
      kind: z.literal("refusal"),
      shape: z
        .enum(["errorcode", "success", "successBoolean", "gateway", "ratelimit"])
        .default("errorcode"),
    })
    .describe("HTTP 200 that is an error all the same."),
  z
    .strictObject({ ...scope, kind: z.literal("envelope"), body: z.unknown() })
    .describe("HTTP 200 and the given JSON, whatever was asked for."),
] as const;

/** One fault. The first in the list that fits a call is the one it gets. */
export const faultSchema = z.discriminatedUnion("kind", FAULT_KINDS);

export type Fault = z.output<typeof faultSchema>;
