/** Memory while a slow reader takes a 500 MB body and then leaves. */
import { privateMiB } from "../processes.ts";
import { HUGE } from "./pages.ts";
import { type Bench, startProxy } from "./peers.ts";
import { scrapeBytes } from "./scrape.ts";

const BYTES_PER_SECOND = 20_000_000;
/** Within the timeout that the scrape announces: the sidecar breaks off what takes longer. */
const READ_MS = 8_000;
const LOOK_EVERY_MS = 50;

/** MiB of private memory: before, and the peaks of the first and the second half of the transfer. */
export interface SlowReader {
  readonly idleMiB: number;
  readonly firstHalfMiB: number;
  readonly secondHalfMiB: number;
  readonly bytesRead: number;
}

/** Measures a fresh process of that command. */
export async function measureSlowReader(
  { processes }: Bench,
  command: readonly string[],
): Promise<SlowReader> {
  const { child, pid, port } = await startProxy(processes, command);
  await Bun.sleep(500);
  const idleMiB = privateMiB(pid);
  const peaks = { first: 0, second: 0 };
  const startedMs = performance.now();
  const looking = setInterval(() => {
    const half = performance.now() - startedMs < READ_MS / 2 ? "first" : "second";
    peaks[half] = Math.max(peaks[half], privateMiB(pid));
  }, LOOK_EVERY_MS);
  try {
    const bytesRead = await readSlowly(port);
    return { idleMiB, firstHalfMiB: peaks.first, secondHalfMiB: peaks.second, bytesRead };
  } finally {
    clearInterval(looking);
    await processes.stop(child);
  }
}

async function readSlowly(port: number): Promise<number> {
  const startedMs = performance.now();
  let bytesRead = 0;
  const failed = Promise.withResolvers<never>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(self, bytes) {
        bytesRead += bytes.length;
        const aheadMs = (bytesRead / BYTES_PER_SECOND) * 1000 - (performance.now() - startedMs);
        if (aheadMs < 1) return;
        self.pause();
        setTimeout(() => self.resume(), aheadMs);
      },
      error: (_, error) => failed.reject(error),
      close: () => failed.reject(new Error("The 500 MB body broke off")),
    },
  });
  socket.write(scrapeBytes(HUGE.path));
  await Promise.race([Bun.sleep(READ_MS), failed.promise]);
  failed.promise.catch(() => undefined);
  socket.terminate();
  return bytesRead;
}
