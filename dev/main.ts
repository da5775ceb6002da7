/** `just dev`: starts every component, prints what to try, restarts on changes, ends all on Ctrl-C. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../shared/config.ts";
import { listen } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import { writeCertificate } from "./certificate.ts";
import { type Config, definition } from "./config.ts";
import { startService } from "./runner.ts";
import { prometheusConfig, type Service, type Surroundings, services } from "./services.ts";

const ROOT = join(import.meta.dir, "..");

/** The whole end takes at most 5 s: the sidecar's grace period here is 3 s, and it leaves before that. */
const STOP_MS = 4000;

const READY_MS = 20_000;

async function run(config: Config, life: Life): Promise<void> {
  const surroundings = await createSurroundings(config, life);
  const all = services(config, surroundings);
  await checkPorts(all);

  const runners = all.map((service) => startService(service, { root: ROOT, print }));
  life.teardown.defer(async () => {
    await Promise.all(runners.map((runner) => runner.stop(STOP_MS)));
  });
  const ready = Promise.all(runners.map((runner) => runner.ready(READY_MS)));
  // Ctrl-C while something still starts is no failure, and neither is what it then leaves undone.
  ready.catch(() => {});
  await Promise.race([ready, aborted(life.stopping)]);
  if (life.stopping.aborted) return;

  print(renderTable(all));
  for (const runner of runners) runner.watch();
  await aborted(life.stopping);
}

/** A temporary folder with the certificate and Prometheus's files, removed at the end. */
async function createSurroundings(config: Config, life: Life): Promise<Surroundings> {
  const dir = await mkdtemp(join(tmpdir(), "every-scrape-whole-"));
  life.teardown.defer(() => rm(dir, { recursive: true, force: true }));
  await writeCertificate(dir);
  if (Bun.which("prometheus") === null) return { certDir: dir, prometheus: undefined };
  const configFile = join(dir, "prometheus.yml");
  await writeFile(configFile, prometheusConfig(config));
  return { certDir: dir, prometheus: { configFile, dataDir: join(dir, "prometheus") } };
}

/** Throws a {@link ConfigError} with every port that is taken and what wanted it, before anything starts. */
async function checkPorts(all: readonly Service[]): Promise<void> {
  const problems: string[] = [];
  for (const { name, ports } of all) {
    for (const [port, flag] of ports) {
      if (await isFree(port, flag)) continue;
      problems.push(
        `port ${port} is in use, and ${name} wants it: stop what holds it, or choose another with ${flag}`,
      );
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

async function isFree(port: number, flag: string): Promise<boolean> {
  try {
    const bind = { host: "127.0.0.1", port };
    await listen({ flag, bind, fetch: () => new Response(null) }).close(0);
    return true;
  } catch {
    return false; // Whatever the reason, the service could not listen there either.
  }
}

function renderTable(all: readonly Service[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  const urlWidth = Math.max(...all.map(({ url }) => url.length));
  const rows = all.map(
    ({ name, url, attempt }) => `  ${name.padEnd(width)}  ${url.padEnd(urlWidth)}  ${attempt}`,
  );
  const hint = all.some(({ name }) => name === "prometheus")
    ? ""
    : "\n\n(With prometheus on the PATH there would be one here that scrapes them all.)";
  return `\nEverything runs. Try these:\n\n${rows.join("\n")}${hint}\n\nA changed source restarts its component. Ctrl-C ends everything.\n`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const program = {
  definition,
  life: {
    teardownMs: 4800,
    secondSignal: "ignore",
    // SIGHUP: the terminal was closed, and nobody is left to press Ctrl-C.
    signals: ["SIGTERM", "SIGINT", "SIGHUP"],
  },
} as const;
void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
