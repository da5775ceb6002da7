/** A hundred certificates under load: not one request fails. The executable comes from `just build webhook`. */
import { beforeAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { createLogger } from "../shared/log.ts";
import { createCertificate, type TestCertificate } from "../shared/testing/certificate.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { startProcess } from "../shared/testing/process.ts";
import { connectTls, post, type TlsClient } from "../shared/testing/tls-client.ts";
import { listenTls } from "../shared/tls/listener.ts";
import { mountSecret } from "./testing/mounted-secret.ts";
import { createPod, createReview } from "./testing/review.ts";

const ROTATIONS = 100;
const CLIENTS = 16;
const REQUEST = post(JSON.stringify(createReview(createPod())), "/mutate");

let pairs: readonly TestCertificate[];
let ca: string[];

beforeAll(async () => {
  pairs = await Promise.all(Array.from({ length: 4 }, () => createCertificate()));
  ca = pairs.map((pair) => pair.ca);
});

/** The pair of a rotation: always another than the one before. */
function pairAt(rotation: number): TestCertificate {
  const pair = pairs[rotation % pairs.length];
  if (pair === undefined) throw new RangeError(`No pair for rotation ${rotation}`);
  return pair;
}

function fingerprintOf({ cert }: TestCertificate): string {
  return new X509Certificate(cert).fingerprint256;
}

/** The certificate that a new connection is shown. */
async function shown(port: number): Promise<string> {
  using client = await connectTls(port, { ca });
  return client.fingerprint;
}

/** Half of the clients keep one connection throughout, half make a new one for each request. */
function startLoad(port: number) {
  const failures: unknown[] = [];
  const seen = new Set<string>();
  let connections = 0;
  const load = { running: true, answers: 0 };
  let news = Promise.withResolvers<void>();
  const connectClient = async () => {
    const client = await connectTls(port, { ca });
    connections += 1;
    seen.add(client.fingerprint);
    return client;
  };
  const ask = async (client: TlsClient) => {
    await client.send(REQUEST);
    const { status, body } = await client.answer();
    if (status !== 200 || !body.includes('"allowed":true')) throw new Error(`${status} ${body}`);
    load.answers += 1;
    news.resolve();
    news = Promise.withResolvers();
  };
  const keeping = async () => {
    using client = await connectClient();
    while (load.running) await ask(client);
  };
  const renewing = async () => {
    while (load.running) {
      using client = await connectClient();
      await ask(client);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const loop = index % 2 === 0 ? keeping : renewing;
    return loop().catch((error: unknown) => {
      failures.push(error);
      news.resolve();
    });
  });
  return {
    /** Waits for so many answers more, or a failure. */
    more: async (count: number) => {
      const goal = load.answers + count;
      while (load.answers < goal && failures.length === 0) await news.promise;
    },
    stop: async () => {
      load.running = false;
      await Promise.all(clients);
      return { failures, seen, answers: load.answers, connections };
    },
  };
}

type Load = Awaited<ReturnType<ReturnType<typeof startLoad>["stop"]>>;

function expectWhole({ failures, seen, answers, connections }: Load): void {
  expect(failures).toEqual([]);
  expect([...seen].sort()).toEqual(pairs.map(fingerprintOf).sort());
  expect(answers).toBeGreaterThanOrEqual(ROTATIONS * CLIENTS);
  expect(connections).toBeGreaterThan(ROTATIONS);
}

test("listenTls() fails no request over 100 replacements under load", async () => {
  const log = createLogger({ level: "warn", format: "json", write: () => {} });
  const fetch = async (request: Request) => {
    await request.arrayBuffer();
    return new Response('{"allowed":true}');
  };
  const bind = { host: "127.0.0.1", port: 0 };
  const listener = await listenTls({ flag: "--port", bind, fetch, log });
  listener.replace(pairAt(0));
  const load = startLoad(listener.port);
  for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
    await load.more(CLIENTS);
    listener.replace(pairAt(rotation));
    expect(await shown(listener.port)).toBe(fingerprintOf(pairAt(rotation)));
  }
  expectWhole(await load.stop());
  await listener.close(1000);
}, 60_000);

test("dist/webhook fails no request over 100 swaps of its mounted Secret under load", async () => {
  using secret = mountSecret(pairAt(0));
  await using child = startProcess([
    join(import.meta.dir, "../dist/webhook"),
    "--host=127.0.0.1",
    "--port=0",
    `--cert-dir=${secret.directory}`,
    "--metrics-bind-address=127.0.0.1:0",
    "--health-probe-bind-address=0",
    "--shutdown-delay=0s",
    "--log-format=json",
  ]);
  const port = await child.port("webhook");
  const metrics = await child.port("metrics");
  const load = startLoad(port);
  for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
    await load.more(CLIENTS);
    secret.swap(pairAt(rotation));
    const wanted = fingerprintOf(pairAt(rotation));
    await eventually(`certificate ${rotation}`, async () => (await shown(port)) === wanted);
  }
  expectWhole(await load.stop());

  const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  for (const line of [
    `webhook_certificate_reloads_total{result="success"} ${ROTATIONS}`,
    'webhook_certificate_reloads_total{result="refused"} 0',
    "webhook_certificate_last_reload_successful 1",
  ]) {
    expect(page).toContain(`${line}\n`);
  }
  child.kill();
  expect((await child.ended()).code).toBe(0);
}, 60_000);
