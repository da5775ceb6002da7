/** The simulated KT Cloud as a program: flags -> an HTTP server after section 7 of the contract. */
import { formatAddress } from "../../shared/http.ts";
import { aborted, type Life, runComponent } from "../../shared/lifecycle.ts";
import { type Config, definition } from "./simulator/config.ts";
import { startSimulator } from "./simulator/start.ts";

async function run(config: Config, { log, teardown, stopping }: Life): Promise<void> {
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
