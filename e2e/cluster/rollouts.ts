/**
 * Rolls Deployments in the cluster of kubectl's current context, and compares what their pods counted, by their own
 * logs, with what Prometheus has stored: `just rollouts [OPTION…]`. Ends with 1 if an increment of a pod with a final
 * scrape is missing, or if the pods without one, the control, lose nothing.
 */
import { parseArgs } from "node:util";
import { kubectl, query } from "./kubectl.ts";
import { complaints, type Ended, table } from "./ledger.ts";
import { Watch } from "./watch.ts";

/** As counter.yaml and prometheus.yaml beside this file have it. */
const OPTIONS = {
  namespace: { type: "string", default: "counter" },
  deployments: { type: "string", default: "counter,control" },
  selector: { type: "string", default: "app.kubernetes.io/part-of=counter" },
  container: { type: "string", default: "counter" },
  metric: { type: "string", default: "demo_orders_total" },
  prometheus: { type: "string", default: "monitoring/prometheus:9090" },
  rollouts: { type: "string", default: "3" },
  "timeout-seconds": { type: "string", default: "900" },
  "settle-seconds": { type: "string", default: "10" },
} as const;

type Options = Readonly<Record<keyof typeof OPTIONS, string>>;

const HELP: Options = {
  namespace: "where they run",
  deployments: "what is rolled, by commas",
  selector: "which pods are watched",
  container: "whose log tells what the pod has counted",
  metric: "the counter in Prometheus",
  prometheus: "NAMESPACE/SERVICE:PORT",
  rollouts: "how often, 1 or more",
  "timeout-seconds": "how long until all pods but the last are gone",
  "settle-seconds": "how long a sample may take from its scrape until it can be asked for",
};

function usage(): string {
  const lines = Object.entries(OPTIONS).map(([name, { default: given }]) => {
    return `  --${name.padEnd(17)}${HELP[name as keyof Options]} (default ${given})`;
  });
  return ["Usage: just rollouts [OPTION…]", "", ...lines].join("\n");
}

/** The options, or `undefined` if only help is wanted. Throws a `RangeError` or a `TypeError` for what is no value. */
function wanted(args: readonly string[]): Options | undefined {
  const help = { type: "boolean" } as const;
  const { values } = parseArgs({ args: [...args], options: { ...OPTIONS, help } });
  const { help: asked, ...options } = values;
  if (asked === true) return undefined;
  for (const name of ["rollouts", "timeout-seconds", "settle-seconds"] as const) {
    if (/^[1-9]\d{0,5}$/.test(options[name])) continue;
    throw new RangeError(`--${name} is a whole number from 1: "${options[name]}" is none`);
  }
  if (/^[^/]+\/[^/:]+:\w[\w-]*$/.test(options.prometheus)) return options;
  throw new RangeError(`--prometheus is NAMESPACE/SERVICE:PORT: "${options.prometheus}" is not`);
}

async function roll({ namespace, deployments, rollouts }: Options): Promise<void> {
  const names = deployments.split(",").map((name) => `deployment/${name}`);
  for (let n = 1; n <= Number(rollouts); n++) {
    await kubectl("rollout", "restart", "-n", namespace, ...names);
    for (const name of names) {
      await kubectl("rollout", "status", "-n", namespace, name, "--timeout=300s");
    }
    process.stdout.write(`Rollout ${n} of ${rollouts} is through.\n`);
  }
}

/** Rolls, and watches until the pods of every rollout but the last are gone. */
async function countedByPods(options: Options) {
  const watch = new Watch(options);
  const expected = (await watch.look()) * Number(options.rollouts);
  const rolling = roll(options);
  const over = watch.until(
    () => watch.goneCount >= expected,
    Number(options["timeout-seconds"]) * 1000,
  );
  await Promise.all([rolling, over]);
  return (await watch.gone()).map(({ pod: { metadata }, log }) => ({
    pod: metadata.name,
    waits: metadata.annotations?.["prometheus.io/wait"] === "true",
    counted: countedIn(log),
  }));
}

/** The total that the application logs at its end. */
function countedIn(log: string): number | undefined {
  const total = /^\{.*"msg":"Counted".*$/m.exec(log)?.[0];
  return total === undefined ? undefined : (JSON.parse(total) as { total: number }).total;
}

/** Gives the exit code. */
async function compare(options: Options): Promise<number> {
  const counted = await countedByPods(options);
  // Counters only grow, so the highest sample is the last one; one target under two jobs is counted once.
  const highest = `max by (pod, kind) (max_over_time(${options.metric}{namespace="${options.namespace}"}[2h]))`;
  const deadline = performance.now() + Number(options["settle-seconds"]) * 1000;
  let ended: readonly Ended[];
  do {
    const stored = await query(options.prometheus, `sum by (pod) (${highest})`);
    ended = counted.map((one) => ({ ...one, stored: stored.get(one.pod) }));
    if (complaints(ended).length === 0) break;
    await Bun.sleep(500);
  } while (performance.now() < deadline);
  process.stdout.write(`\n${table(ended)}\n\n`);
  for (const complaint of complaints(ended)) process.stderr.write(`${complaint}\n`);
  return complaints(ended).length === 0 ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = wanted(args);
    if (options !== undefined) return await compare(options);
    process.stdout.write(`${usage()}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
