import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import type { TestCertificate } from "../../shared/testing/certificate.ts";
import { createPairs, mountPairs } from "./certificates.ts";
import { measureRotations } from "./rotation.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\n\r\n");
const LIMITS = { rotations: 3, limitMs: 1000 };

let pairs: readonly TestCertificate[];
let server: Server;

beforeAll(async () => {
  pairs = await createPairs();
});
afterEach(() => server.close());

/** Answers everything with that status line, and serves the first pair. */
async function serve(status: string): Promise<number> {
  const [first] = pairs as [TestCertificate];
  server = createServer(first, (socket) => {
    socket.on("error", () => {}); // The measurement ends with connections open.
    socket.on("data", () => socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

/** Rotates, and has the server serve what has come `times` times. */
async function measure(status: string, times: number) {
  using secret = mountPairs(pairs);
  const target = { port: await serve(status), ca: secret.ca };
  let rotations = 0;
  const rotate = () => {
    const fingerprint = secret.rotate();
    rotations += 1;
    if (rotations <= times) server.setSecureContext(pairs[rotations] as TestCertificate);
    return fingerprint;
  };
  return await measureRotations({ target, request: REQUEST }, rotate, LIMITS);
}

describe("measureRotations()", () => {
  test("counts every rotation where a new connection shows each new certificate", async () => {
    const { servedAfterMs, failures, latenciesMs } = await measure("200 OK", 3);
    expect(servedAfterMs).toHaveLength(3);
    expect(failures).toEqual([]);
    expect(latenciesMs.length).toBeGreaterThan(10);
  });

  test("takes no old certificate for the new one, and ends at the limit", async () => {
    expect((await measure("200 OK", 0)).servedAfterMs).toHaveLength(0);
    expect((await measure("200 OK", 1)).servedAfterMs).toHaveLength(1);
  });

  test("tells of every request that failed", async () => {
    const { failures, latenciesMs } = await measure("503 Service Unavailable", 3);
    expect(latenciesMs).toEqual([]);
    expect(failures.length).toBeGreaterThan(10);
    expect(failures[0]).toContain("Not a 200: HTTP/1.1 503");
  });
});
