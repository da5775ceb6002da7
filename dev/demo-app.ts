/**
 * A small application that counts orders and serves them as metrics. When told to stop it ends as a
 * well-behaved server does: it finishes the work it has, stands still for a moment, and closes its port.
 */
import { Hono } from "hono";
import { Counter } from "prom-client";
import type { Definition, Values } from "../shared/flags.ts";
import { addHealth, addMetrics, formatAddress, listen } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { logFlags } from "../shared/log.ts";
import { createRegistry } from "../shared/metrics.ts";
import { duration, listenPort, nonEmpty, wholeNumber } from "../shared/values.ts";

const flags = {
  host: {
    flag: "host",
    placeholder: "ADDRESS",
    default: "127.0.0.1",
    help: "Address to listen on.",
    schema: nonEmpty(),
  },
  port: {
    flag: "port",
    placeholder: "PORT",
    default: "9464",
    help: "Port of the metrics page.",
    schema: listenPort(),
  },
  perSecond: {
    flag: "orders-per-second",
    placeholder: "NUMBER",
    default: "50",
    help: "Orders counted a second.",
    schema: wholeNumber(1, 1000),
  },
  drainMs: {
    flag: "drain",
    placeholder: "DURATION",
    default: "1s",
    help: "How long it goes on working, and counting, after it was told to stop.",
    schema: duration(0, 60_000),
  },
  ...logFlags,
} as const;

const definition: Definition<typeof flags> = {
  name: "demo-app",
  prefix: "DEMO_APP",
  about: "Counts orders and serves them at /metrics.",
  flags,
};

/** After its last order it leaves its page up for this long, several times as long as one capture takes. */
const STILL_MS = 250;

const KINDS = ["coffee", "tea", "cake"] as const;

async function run(config: Values<typeof flags>, life: Life): Promise<void> {
  const registry = createRegistry("demo_app", life.build);
  const orders = new Counter({
    name: "demo_orders_total",
    help: "Orders taken, by kind.",
    labelNames: ["kind"],
    registers: [registry],
  });
  let counted = 0;
  const counting = setInterval(() => {
    orders.inc({ kind: KINDS[counted % KINDS.length] ?? "coffee" });
    counted++;
  }, 1000 / config.perSecond);

  const app = new Hono();
  addHealth(app, () => !life.stopping.aborted || "stopping");
  addMetrics(app, "/metrics", registry);
  const listener = listen({ flag: "--port", bind: config, fetch: (request) => app.fetch(request) });
  const address = formatAddress({ host: config.host, port: listener.port });
  life.log.info("Listening", { listener: "metrics", address, port: listener.port });

  await aborted(life.stopping);
  await Bun.sleep(config.drainMs);
  clearInterval(counting);
  await Bun.sleep(STILL_MS);
  await listener.close(0);
  life.log.info("Counted", { total: counted });
}

const program = { definition, life: { teardownMs: 1000, secondSignal: "exit" } } as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
