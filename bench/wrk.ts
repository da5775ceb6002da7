/** Load by `wrk`: every connection asks again as soon as it is answered. */
import type { Processes } from "./processes.ts";

export interface Load {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One thread of wrk serves them all. */
  readonly connections: number;
  readonly seconds: number;
}

export interface Answered {
  readonly requests: number;
  readonly perSecond: number;
}

/** Loads a server on 127.0.0.1. Throws if an answer is no 2xx, or does not come. */
export async function wrk(processes: Processes, load: Load): Promise<Answered> {
  const { port, path, connections, seconds } = load;
  const headers = Object.entries(load.headers).flatMap(([k, v]) => ["-H", `${k}: ${v}`]);
  const output = await processes.run([
    "wrk",
    "--threads=1",
    `--connections=${connections}`,
    `--duration=${seconds}s`,
    ...headers,
    `http://127.0.0.1:${port}${path}`,
  ]);
  // A server that fails fast must not look like one that answers fast.
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`Load on ${path}: ${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (!(requests > 0 && perSecond > 0)) throw new Error(`wrk answered nothing usable: ${output}`);
  return { requests, perSecond };
}
