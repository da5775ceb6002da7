/**
 * Requests at fixed times whatever the server does, so that a server that stands still for some
 * milliseconds is seen by all that come meanwhile. A request counts from when it was really sent:
 * that the load generator woke late is no fault of the server. It sleeps in between, because the
 * server's threads need both processors.
 */
import { Connection } from "../client.ts";

export interface Probe {
  readonly port: number;
  readonly request: Buffer;
  readonly everyMs: number;
  readonly seconds: number;
}

/** Requests on their way at once; one that finds as many waiting is left out, as they tell enough. */
const MOST = 32;

/** Gives how long each request took, in milliseconds. Throws if one fails. */
export async function probe({ port, request, everyMs, seconds }: Probe): Promise<number[]> {
  const all = await Promise.all(Array.from({ length: MOST }, () => Connection.open({ port })));
  const free = [...all];
  const timesMs: number[] = [];
  const failures: unknown[] = [];
  const ask = async (connection: Connection) => {
    const askedNs = Bun.nanoseconds();
    try {
      timesMs.push(((await connection.ask(request)) - askedNs) / 1e6);
      free.push(connection);
    } catch (error) {
      failures.push(error);
    }
  };
  const asked: Promise<void>[] = [];
  const startMs = performance.now();
  for (let dueMs = startMs; dueMs < startMs + seconds * 1000; dueMs += everyMs) {
    await Bun.sleep(Math.max(0, dueMs - performance.now()));
    const connection = free.pop();
    if (connection !== undefined) asked.push(ask(connection));
  }
  await Promise.all(asked);
  for (const connection of all) connection.end();
  if (failures.length > 0) throw failures[0];
  return timesMs;
}
