/** The simulated KT Cloud as a program: flags -> an HTTP server after section 7 of the contract. */
import type { Definition, Flags, Values } from "../../shared/flags.ts";
import { formatAddress } from "../../shared/http.ts";
import { aborted, type Life, runComponent } from "../../shared/lifecycle.ts";
import { logFlags } from "../../shared/log.ts";
import { listenPort, nonEmpty, wholeNumber } from "../../shared/values.ts";
import { startSimulator } from "./simulator/start.ts";

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
    help: "The one account that may log in.",
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

const definition: Definition<typeof flags> = {
  name: "simulator",
  prefix: "SIMULATOR",
  about:
    "Serves a made-up fleet the way KT Cloud's load balancer API does. Faults and shapes are set while it runs: GET and PUT /-/knobs, POST /-/revoke-tokens, GET /-/counters.",
  flags,
  examples: [
    `simulator --port 9106 --fleet.lbs 20`,
    `curl -X PUT http://127.0.0.1:9106/-/knobs -d '{"faults":[{"kind":"status","status":503}]}'`,
  ],
};

async function run(config: Values<typeof flags>, { log, teardown, stopping }: Life): Promise<void> {
  const { host, account, password, loadBalancers, servers, seed } = config;
  const simulator = startSimulator({
    bind: { host, port: config.port },
    credentials: { account, password },
    fleet: { loadBalancers, servers, seed },
    now: Date.now,
  });
  teardown.defer(() => simulator.close());
  const { port } = simulator;
  log.info("Listening", { listener: "simulator", address: formatAddress({ host, port }), port });
  await aborted(stopping);
}

async function main(): Promise<never> {
  const host = { argv: process.argv.slice(2), env: process.env };
  const life = { teardownMs: 3000, secondSignal: "exit" } as const;
  process.exit(await runComponent({ definition, life }, host, run));
}

void main();
