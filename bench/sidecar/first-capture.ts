/** The pod's end: from SIGTERM to the first whole capture, seen from the application's side. */
import { within } from "../deadline.ts";
import { GZIP_10 } from "./pages.ts";
import { type Bench, sidecarCommand, startProxy } from "./peers.ts";
import { scrapeBytes, scrapeTimes } from "./scrape.ts";

const TRIALS = 10;
const CAPTURER = /^user-agent: prometheus-metrics-proxy/im;
const BODY = "x".repeat(10_240);
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** Milliseconds from SIGTERM to the last byte of the first capture, one entry a trial. */
export async function measureFirstCaptures(bench: Bench): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < TRIALS; i++) times.push(await firstCapture(bench));
  return times;
}

async function firstCapture({ processes, sidecar }: Bench): Promise<number> {
  const captured = Promise.withResolvers<number>();
  // An answer of this size fits into the socket: once written, it is on its way as a whole.
  const application = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        socket.write(ANSWER);
        if (CAPTURER.test(bytes.toString("latin1"))) captured.resolve(performance.now());
      },
    },
  });
  const [binary = ""] = sidecar;
  const { child, port } = await startProxy(processes, sidecarCommand(binary, application.port));
  try {
    await scrapeTimes(port, scrapeBytes(GZIP_10.path), 1);
    const signalledMs = performance.now();
    child.kill("SIGTERM");
    return (await within(5000, "a capture after SIGTERM", captured.promise)) - signalledMs;
  } finally {
    await processes.stop(child);
    application.stop(true);
  }
}
