/** Names of common troubles -> the knobs that make them. */
import type { KnobChange, Knobs } from "./knobs.ts";

/** A trouble that a button makes. */
export interface Preset {
  readonly label: string;
  readonly about: string;
  readonly change: KnobChange;
}

/** Troubles of the whole cloud. */
export const CLOUD_PRESETS: Readonly<Record<string, Preset>> = {
  outage: {
    label: "Outage",
    about: "Every call gets a 503 and a proxy's page of HTML.",
    change: { faults: [{ kind: "status", status: 503, body: "html" }] },
  },
  storm: {
    label: "429 storm",
    about: "Every other list is refused with 429 and Retry-After: 5.",
    change: {
      faults: (["listLoadBalancers", "listLoadBalancerWebServers"] as const).map((call) => ({
        kind: "status",
        status: 429,
        body: "ratelimit",
        retryAfterSeconds: 5,
        every: 2,
        call,
      })),
    },
  },
  limit: {
    label: "Rate limit",
    about: "Five lists a second and token, and 429 beyond.",
    change: { rateLimit: { perSecond: 5, answer: "429", retryAfter: "seconds" } },
  },
  slow: {
    label: "Slow",
    about: "Every answer takes two seconds.",
    change: { faults: [{ kind: "delay", ms: 2000 }] },
  },
  flaky: {
    label: "Flaky network",
    about: "One call in five is cut, before the answer or within it.",
    change: {
      faults: [
        { kind: "reset", probability: 0.1 },
        { kind: "cut", probability: 0.1 },
      ],
    },
  },
  refusals: {
    label: "Errors as 200",
    about: "Lists are answered with 200 and an error code within.",
    change: {
      faults: (["listLoadBalancers", "listLoadBalancerWebServers"] as const).map((call) => ({
        kind: "refusal",
        call,
      })),
    },
  },
  logins: {
    label: "Logins refused",
    about: "Logins get a 401; tokens already issued go on.",
    change: { faults: [{ kind: "status", status: 401, body: "keystone", call: "token" }] },
  },
};

/** Troubles of one load balancer. */
export const BALANCER_PRESETS: Readonly<
  Record<
    string,
    Omit<Preset, "change"> & { readonly change: (lbId: string, now: Knobs) => KnobChange }
  >
> = {
  hang: {
    label: "Its servers hang",
    about: "The list of its servers stops in the middle.",
    change: (lbId) => ({
      faults: [{ kind: "stall", call: "listLoadBalancerWebServers", lbId }],
    }),
  },
  fail: {
    label: "Its servers fail",
    about: "The list of its servers is a 500.",
    change: (lbId) => ({
      faults: [{ kind: "status", status: 500, call: "listLoadBalancerWebServers", lbId }],
    }),
  },
  vanish: {
    label: "It vanishes",
    about: "Listed, but gone when its servers are asked for.",
    change: (lbId, { balancers }) => ({
      balancers: { ...balancers, [lbId]: { ...balancers[lbId], hide: "servers" } },
    }),
  },
  remove: {
    label: "It is removed",
    about: "Neither listed nor known.",
    change: (lbId, { balancers }) => ({
      balancers: { ...balancers, [lbId]: { ...balancers[lbId], hide: "everywhere" } },
    }),
  },
};
