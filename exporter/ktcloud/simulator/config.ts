/** The simulator's flags, with their defaults, and what it says of itself. */
import type { Definition, Flags, Values } from "../../../shared/flags.ts";
import { logFlags } from "../../../shared/log.ts";
import { listenPort, nonEmpty, wholeNumber } from "../../../shared/values.ts";

const flags = {
  host: {
    flag: "host",
    placeholder: "HOST",
    default: "127.0.0.1",
    help: "Address to listen on.",
    schema: nonEmpty(),
  },
  port: {
    flag: "port",
    placeholder: "PORT",
    default: "9106",
    help: "Port to listen on; 0 takes a free one.",
    schema: listenPort(),
  },
  account: {
    flag: "account",
    placeholder: "ID",
    default: "demo@example.com",
    help: "The account that may log in; the knob accounts adds others.",
    schema: nonEmpty(),
  },
  password: {
    flag: "password",
    secret: true,
    placeholder: "PASSWORD",
    default: "demo-password",
    help: "Password of that account.",
    schema: nonEmpty(),
  },
  loadBalancers: {
    flag: "fleet.lbs",
    placeholder: "COUNT",
    default: "6",
    help: "Load balancers in each zone.",
    schema: wholeNumber(0, 10_000),
  },
  servers: {
    flag: "fleet.servers",
    placeholder: "COUNT",
    default: "3",
    help: "Servers behind each load balancer.",
    schema: wholeNumber(0, 1000),
  },
  seed: {
    flag: "fleet.seed",
    placeholder: "NUMBER",
    default: "1",
    help: "The same seed gives the same fleet and, at the same time of day, the same numbers.",
    schema: wholeNumber(0, 1_000_000_000),
  },
  ...logFlags,
} as const satisfies Flags;

/** The simulator as a program. */
export const definition: Definition<typeof flags> = {
  name: "simulator",
  prefix: "SIMULATOR",
  about:
    "Serves a made-up fleet the way KT Cloud's load balancer API does, in both its dialects. Faults and shapes are set while it runs: on the page at /, or by GET and PUT /-/knobs, POST /-/reset, POST /-/revoke-tokens; GET /-/counters and GET /-/calls tell what was asked.",
  flags,
  examples: [
    `simulator --port 9106 --fleet.lbs 20`,
    `curl -X PUT http://127.0.0.1:9106/-/knobs -d '{"faults":[{"kind":"status","status":503}]}'`,
  ],
};

/** The flags as they were given. */
export type Config = Values<typeof flags>;
