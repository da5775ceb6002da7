/** The two webhooks that are compared, each one process on a processor of its own. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { Connection, type Target } from "../client.ts";
import type { Place } from "../component.ts";
import { within } from "../deadline.ts";
import { measureStarts, startLogged } from "../executables.ts";
import { freePort, type Processes } from "../processes.ts";
import type { RotatedSecret } from "./certificates.ts";

export const PEER_NAMES = ["webhook", "go"] as const;
export type PeerName = (typeof PEER_NAMES)[number];
export type ByPeer<T> = Readonly<Record<PeerName, T>>;

/** A webhook that runs: its process, and how to ask it. */
export interface Peer {
  readonly pid: number;
  readonly target: Target & { readonly ca: string };
}

const IMAGE = "registry.example.com/prometheus-metrics-proxy:0.1.0";
const READY = Buffer.from("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
const READY_LIMIT_MS = 10_000;
/** What an answer that injects has, and no other. */
const INJECTED = '"patchType":"JSONPatch"';

/** The command lines of both, from what is theirs alone. */
const COMMANDS: ByPeer<(settings: Settings) => readonly string[]> = {
  webhook: ({ binary, certDir, admissionPort, healthPort }) => [
    binary,
    "--host=127.0.0.1",
    `--port=${admissionPort}`,
    `--cert-dir=${certDir}`,
    "--metrics-bind-address=127.0.0.1:0",
    `--health-probe-bind-address=127.0.0.1:${healthPort}`,
    `--sidecar-image=${IMAGE}`,
    "--log-format=json",
  ],
  go: ({ binary, certDir, admissionPort, healthPort }) => [
    binary,
    certDir,
    String(admissionPort),
    String(healthPort),
    IMAGE,
  ],
};

interface Settings {
  readonly binary: string;
  readonly certDir: string;
  /** 0 takes a free one. */
  readonly admissionPort: number;
  readonly healthPort: number;
}

/** Milliseconds from exec to the first 200 of /readyz, of both in turn; not pinned. */
export function measureReady(
  { processes }: Place,
  binaries: ByPeer<string>,
  certDir: string,
): Promise<ByPeer<readonly number[]>> {
  const commandOf = (name: PeerName) =>
    COMMANDS[name]({ binary: binaries[name], certDir, admissionPort: 0, healthPort: 0 });
  const commands = { webhook: commandOf("webhook"), go: commandOf("go") };
  return measureStarts(commands, async (command) => {
    const startedMs = performance.now();
    const { child, port } = await startLogged(processes, command, { listener: "health" });
    await within(READY_LIMIT_MS, "ready", answersReady(port));
    const tookMs = performance.now() - startedMs;
    await processes.stop(child);
    return tookMs;
  });
}

/** Leaves the first processor to the servers. */
export async function pinBench(processes: Processes): Promise<void> {
  const others = `1-${cpus().length - 1}`;
  const pid = String(process.pid);
  await processes.run(["taskset", "--all-tasks", "--cpu-list", "--pid", others, pid]);
}

/**
 * Starts one on the first processor and waits until it is ready. Its log goes to a file: reading one
 * line an admission would cost the load generator time.
 */
export async function startPeer(
  name: PeerName,
  { processes, directory }: Place,
  given: { readonly binary: string; readonly secret: RotatedSecret },
): Promise<Peer> {
  const { binary, secret } = given;
  const ports = { admissionPort: freePort(), healthPort: freePort() };
  const log = join(directory, `${name}.log`);
  const pinned = 'exec taskset --cpu-list 0 "$@" 2>"$0"';
  const command = COMMANDS[name]({ ...ports, binary, certDir: secret.directory });
  const { pid } = processes.start(["sh", "-c", pinned, log, ...command]);
  try {
    await within(READY_LIMIT_MS, "ready", answersReady(ports.healthPort));
  } catch (cause) {
    throw new Error(`${name} does not get ready: ${readFileSync(log, "utf8")}`, { cause });
  }
  return { pid, target: { port: ports.admissionPort, ca: secret.ca, marker: INJECTED } };
}

async function answersReady(port: number): Promise<void> {
  const untilMs = performance.now() + READY_LIMIT_MS;
  for (;;) {
    try {
      const connection = await Connection.open({ port });
      await connection.ask(READY);
      connection.end();
      return;
    } catch (cause) {
      // Not listening yet, or not a 200 yet.
      if (performance.now() > untilMs) throw new Error("/readyz is not 200", { cause });
      await Bun.sleep(1);
    }
  }
}
