/** Load that asks again as soon as it is answered, on every connection: how much a server can do. */
import type { Connection, Target } from "../client.ts";
import { openAll } from "./pool.ts";

export interface Throughput {
  /** Whole answers, also those after the end of the time. */
  readonly answers: number;
  readonly perSecond: number;
  /** Share of a processor that the load itself has used, 0 to 1: near 1 it is what limits. */
  readonly ownShare: number;
}

/** Asks for so many seconds. Throws if a single request fails. */
export async function closedLoop(
  target: Target,
  request: Buffer,
  seconds: number,
): Promise<Throughput> {
  const connections = await openAll(target);
  const cpu = process.cpuUsage();
  const startNs = Bun.nanoseconds();
  const endNs = startNs + seconds * 1e9;
  let answers = 0;
  let lastNs = startNs;
  const askOn = async (connection: Connection) => {
    while (lastNs < endNs) {
      lastNs = await connection.ask(request);
      answers++;
    }
  };
  await Promise.all(connections.map(askOn));
  const tookMicros = (lastNs - startNs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of connections) connection.end();
  return {
    answers,
    perSecond: answers / (tookMicros / 1e6),
    ownShare: (user + system) / tookMicros,
  };
}
