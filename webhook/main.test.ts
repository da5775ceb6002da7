/** The compiled executable as a process: `just build webhook` makes it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { createCertificate, type TestCertificate } from "../shared/testing/certificate.ts";
import { type RunningProcess, runProcess, startProcess } from "../shared/testing/process.ts";
import { createPod, createReview, type Json } from "./testing/review.ts";

const webhook = join(import.meta.dir, "../dist/webhook");
const certDir = mkdtempSync(join(tmpdir(), "webhook-"));
let certificate: TestCertificate;

beforeAll(async () => {
  certificate = await createCertificate();
  writeFileSync(join(certDir, "tls.crt"), certificate.cert);
  writeFileSync(join(certDir, "tls.key"), certificate.key);
});
afterAll(() => rmSync(certDir, { recursive: true }));

function start(...flags: string[]): RunningProcess {
  const local = ["--host=127.0.0.1", "--port=0", `--cert-dir=${certDir}`, "--log-format=json"];
  const others = ["--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"];
  return startProcess([webhook, ...local, ...others, "--shutdown-delay=0s", ...flags]);
}

async function admit(port: number, body: string): Promise<Response> {
  const url = `https://localhost:${port}/mutate?timeout=5s`;
  return await fetch(url, { method: "POST", body, tls: { ca: certificate.ca } });
}

/** Connects by TLS and gives the protocol and the application protocol that were agreed on. */
async function handshake(port: number, options: { maxVersion?: "TLSv1.1" | "TLSv1.2" } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({
    ...options,
    host: "127.0.0.1",
    port,
    ca: certificate.ca,
    servername: "localhost",
    minVersion: "TLSv1",
    ALPNProtocols: ["h2", "http/1.1"],
  });
  socket.once("secureConnect", () => resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`));
  socket.once("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

const BODY = JSON.stringify(createReview(createPod()));

describe("dist/webhook", () => {
  test("answers a review over TLS that the client has verified, and counts it", async () => {
    await using child = start();
    const answer = await admit(await child.port("webhook"), BODY);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      response: { allowed: true, patchType: "JSONPatch" },
    });
    expect(await child.logged(({ msg }) => msg === "Injected")).toMatchObject({
      namespace: "shop",
    });

    const metrics = await fetch(`http://127.0.0.1:${await child.port("metrics")}/metrics`);
    const page = await metrics.text();
    expect(page).toContain('webhook_admissions_total{outcome="injected",reason="opted_in"} 1');
    expect(page).toContain('webhook_build_info{version="');
    const health = await child.port("health");
    for (const path of ["healthz", "readyz", "-/healthy", "-/ready"]) {
      expect((await fetch(`http://127.0.0.1:${health}/${path}`)).status).toBe(200);
    }
  });

  test("injects native sidecars and the image it is told to", async () => {
    await using child = start("--enable-sidecar-containers", "--sidecar-image=r.example.com/p:2");
    const answer = (await (await admit(await child.port("webhook"), BODY)).json()) as {
      response: Json;
    };
    const patch = Buffer.from(String(answer.response.patch), "base64").toString();
    expect(JSON.parse(patch)).toContainEqual({
      op: "add",
      path: "/spec/initContainers",
      value: [expect.objectContaining({ image: "r.example.com/p:2", restartPolicy: "Always" })],
    });
  });

  test("rejects what is no review, also 20 MB of it, and goes on", async () => {
    await using child = start();
    const port = await child.port("webhook");
    expect((await admit(port, "{}")).status).toBe(400);
    const large = await admit(port, "x".repeat(20_000_000));
    expect([large.status, await large.text()]).toEqual([
      413,
      "the body is larger than 7340032 bytes\n",
    ]);
    expect((await admit(port, BODY)).status).toBe(200);
  });

  test("speaks HTTP/1.1 by TLS 1.2 and later, nothing older and nothing plain", async () => {
    await using child = start();
    const port = await child.port("webhook");
    expect(await handshake(port)).toMatch(/^TLSv1\.3 (http\/1\.1|false)$/);
    expect(await handshake(port, { maxVersion: "TLSv1.2" })).toStartWith("TLSv1.2 ");
    const old = await handshake(port, { maxVersion: "TLSv1.1" }).catch(() => "refused");
    const plain = await fetch(`http://127.0.0.1:${port}/mutate`).catch(() => "refused");
    expect([old, plain]).toEqual(["refused", "refused"]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends with 0 after %s", async (signal) => {
    await using child = start();
    await admit(await child.port("webhook"), BODY);
    child.kill(signal);
    expect((await child.ended()).code).toBe(0);
  });

  test("is not ready from the signal on, and finishes what is in flight", async () => {
    await using child = start();
    const [port, health] = [await child.port("webhook"), await child.port("health")];
    const probe = (path: string) => fetch(`http://127.0.0.1:${health}/${path}`);
    const request = await beginRequest(port);
    // One thread answers both listeners: after these two, the first half has been read.
    for (const path of ["readyz", "readyz"]) expect((await probe(path)).status).toBe(200);
    child.kill();
    await child.logged(({ msg }) => msg === "Stopping");
    const ready = await probe("readyz");
    expect([ready.status, await ready.text()]).toEqual([503, "stopping\n"]);
    expect((await probe("healthz")).status).toBe(200);
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*"allowed":true/);
    expect((await child.ended()).code).toBe(0);
  });

  test("answers new connections, not ready, until the shutdown delay is over", async () => {
    await using child = start("--shutdown-delay=2s");
    const [port, health] = [await child.port("webhook"), await child.port("health")];
    const begun = performance.now();
    child.kill();
    await child.logged(({ msg }) => msg === "Stopping");
    const ready = await fetch(`http://127.0.0.1:${health}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, "stopping\n"]);
    const answer = await admit(port, BODY);
    expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
    expect((await child.ended()).code).toBe(0);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2000);
  });

  test("does not wait for the shutdown delay after SIGINT", async () => {
    await using child = start("--shutdown-delay=60s");
    await child.logged(({ msg }) => msg === "Started");
    child.kill("SIGINT");
    expect((await child.ended()).code).toBe(0);
  });

  test.each([
    ["in the shutdown delay", "--shutdown-delay=60s"],
    ["while a request is in flight", "--shutdown-delay=0s"],
  ])("ends at once at a second signal %s", async (_name, flag) => {
    await using child = start(flag);
    await beginRequest(await child.port("webhook"));
    child.kill();
    await child.logged(({ msg }) => msg === "Stopping");
    child.kill();
    expect((await child.ended()).code).toBe(1);
  });
});

describe("dist/webhook does not start", () => {
  test("with a bad configuration: all problems at once, code 78", async () => {
    const { code, stderr, stdout } = await runProcess(
      [webhook, "--port=abc", "--nope", "--metrics-bind-address=:70000", "--sidecar-image=A B"],
      { env: { WEBHOOK_CERT_DIR: "/none", WEBHOOK_LOG_LEVEL: "loud" } },
    );
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain("webhook: cannot start, 6 problems in the configuration:");
    for (const text of [
      "--nope: unknown flag",
      '--port "abc": must be a whole number from 0 to 65535',
      '--metrics-bind-address ":70000": must be an address',
      '--sidecar-image "A B": must be an image reference',
      'WEBHOOK_LOG_LEVEL "loud": must be one of debug, info, warn, error',
      "/none: cannot be opened to find tls.crt and tls.key (ENOENT)",
    ]) {
      expect(stderr).toContain(text);
    }
  });

  test.each<[string, (pair: TestCertificate) => string, string]>([
    ["garbage for a key", () => "garbage", "tls.key: holds no private key"],
    ["a certificate for a key", ({ cert }) => cert, "tls.key: holds no private key"],
  ])("with %s", async (_name, key, text) => {
    const broken = mkdtempSync(join(certDir, "broken-"));
    writeFileSync(join(broken, "tls.crt"), certificate.cert);
    writeFileSync(join(broken, "tls.key"), key(certificate));
    await using child = start(`--cert-dir=${broken}`);
    const { code, stderr } = await child.ended();
    expect(code).toBe(78);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain("Listening");
  });

  test("where a port is taken: the address, the flag and what to do, code 1", async () => {
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    await using child = start(`--metrics-bind-address=127.0.0.1:${taken.port}`);
    const { code, stderr } = await child.ended();
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${taken.port} (--metrics-bind-address)`);
    expect(stderr).toContain("the port is in use");
  });
});

test("dist/webhook warns of a certificate that has expired, and serves it", async () => {
  const old = await createCertificate({ notAfter: new Date(Date.now() - 60_000) });
  const directory = mkdtempSync(join(certDir, "old-"));
  writeFileSync(join(directory, "tls.crt"), old.cert);
  writeFileSync(join(directory, "tls.key"), old.key);
  await using child = start(`--cert-dir=${directory}`);
  await child.port("webhook");
  expect(await child.logged(({ level }) => level === "WARN")).toHaveProperty("not_after");
});

/** Sends the head and half of the body of a review; `finish` sends the rest and gives the answer. */
async function beginRequest(port: number) {
  const half = Math.floor(BODY.length / 2);
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    ca: certificate.ca,
    servername: "localhost",
  });
  const answer = Promise.withResolvers<string>();
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.endsWith("}")) answer.resolve(text);
  });
  socket.once("error", answer.reject);
  answer.promise.catch(() => {}); // Not awaited by every caller.
  const head = `POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY.length}\r\n\r\n`;
  const written = Promise.withResolvers<void>();
  socket.once("secureConnect", () => {
    socket.write(head + BODY.slice(0, half), () => written.resolve());
  });
  await written.promise;
  const finish = async () => {
    socket.write(BODY.slice(half));
    const whole = await answer.promise;
    socket.destroy();
    return whole;
  };
  return { finish };
}
