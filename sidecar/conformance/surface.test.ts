/** What can be reached through the sidecar, by which address, and what never reaches the application. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { runProcess } from "../../shared/testing/process.ts";
import { FakeApplication } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import { askOnce, curl } from "./misbehaving-clients.ts";
import { dies, expectNothingLost, SIDECAR, startSidecar } from "./sidecar.ts";

setDefaultTimeout(20_000);

const SCRAPER = { "User-Agent": "Prometheus/3.5.0", "X-Prometheus-Scrape-Timeout-Seconds": "10" };

test("27: a request that comes back to the sidecar is refused with 508 and goes round no more", async () => {
  let rounds = 0;
  let sidecarUrl = "";
  // A mesh, or a mistaken port, that leads back to the sidecar with all headers as they were.
  using mirror = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    reusePort: false,
    development: false,
    fetch: async ({ url, headers }) => {
      rounds += 1;
      if (rounds > 5) return new Response("looped_total 1\n");
      const { pathname } = new URL(url);
      const answer = await fetch(sidecarUrl + pathname, {
        headers,
        decompress: false,
        proxy: false,
      } as unknown as BunFetchRequestInit);
      return new Response(await answer.bytes(), { status: answer.status });
    },
  });
  await using sidecar = await startSidecar({ port: mirror.port ?? 0 });
  sidecarUrl = sidecar.url;
  using scraper = new FakeScraper({ port: sidecar.port });
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 508 } });
  expect(rounds).toBe(1);
});

test("27: two sidecars in a row are no loop", async () => {
  using application = new FakeApplication();
  await using inner = await startSidecar(application);
  await using outer = await startSidecar(inner);
  using scraper = new FakeScraper({ port: outer.port });
  expect((await scraper.scrape()).up).toBe(1);
});

test.each(["127.0.0.1", "localhost", "::1"])(
  "27: a sidecar that would ask itself does not start (--original-host=%s)",
  async (host) => {
    const flags = [`--original-host=${host}`, "--original-port=19099", "--proxy-port=19099"];
    const { code, stderr } = await runProcess([SIDECAR, ...flags]);
    expect(code).toBe(78);
    expect(stderr).toContain("--proxy-port");
  },
);

test.each(["127.0.0.1", "::1"])(
  "29: an application on %s alone is scraped, over both families, and delivered",
  async (host) => {
    using application = new FakeApplication({ host });
    const flags = ["--host=::", `--original-host=${host}`];
    await using sidecar = await startSidecar(application, ...flags);
    const { port } = sidecar;
    using four = new FakeScraper({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    using six = new FakeScraper({ port, host: "::1" });
    await Promise.all([four.page(), six.page()]);
    await sidecar.signal();
    application.increment("requests_total", 5);
    await dies(application, sidecar);
    expect(await four.value("requests_total")).toBe(5);
    expect(await six.value("requests_total")).toBe(5);
    const end = await sidecar.ended();
    expectNothingLost(end);
    const expected = ["127.0.0.2 Prometheus/3.5.0", "::1 Prometheus/3.5.0"];
    expect(end.report.served.toSorted()).toEqual(expected);
  },
);

test("29: the sidecar listens where it is told, IPv6 alone too", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--host=::1");
  using six = new FakeScraper({ port: sidecar.port, host: "::1" });
  expect((await six.scrape()).up).toBe(1);
  using four = new FakeScraper({ port: sidecar.port });
  expect(await four.scrape()).toMatchObject({ up: 0, answer: undefined });
});

test("36: nothing but the metrics paths reaches the application, however the path is written", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  const targets = [
    "/admin",
    "/",
    "/metrics/",
    "/metrics/../admin",
    "/metrics/%2e%2e/admin",
    "/metrics%2f..%2fadmin",
    "//admin",
    "/METRICS",
    "/metrics;/admin",
    "/metrics%00",
    "/-/unknown",
    "/-/../admin",
    `http://127.0.0.1:${application.port}/admin`,
  ];
  for (const target of targets) {
    const { status } = await askOnce(sidecar.port, { target, headers: SCRAPER });
    // Where the path is no path at all, 400 says so as well.
    expect([404, 400]).toContain(status);
  }
  expect(application.asked).toEqual([]);
  expect((await curl(sidecar.port, "/metrics")).status).toBe(200);
  expect(application.asked.map(({ target }) => target)).toEqual(["/metrics"]);
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
  "36: %s on a metrics path is 405, says what is allowed, and does not reach the application",
  async (method) => {
    using application = new FakeApplication();
    await using sidecar = await startSidecar(application);
    const headers = { ...SCRAPER, "Content-Length": "0" };
    const answer = await askOnce(sidecar.port, { method, target: "/metrics", headers });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
    expect(application.asked).toEqual([]);
  },
);

test("36: HEAD reaches the application as HEAD, and has no body", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  const answer = await askOnce(sidecar.port, {
    method: "HEAD",
    target: "/metrics",
    headers: SCRAPER,
  });
  expect(answer.status).toBe(200);
  expect(answer.body.length).toBe(0);
  expect(application.asked.map(({ method }) => method)).toEqual(["HEAD"]);
});

test("while the pod lives, the application is asked what the scraper asks, and the scraper told what it answers", async () => {
  using application = new FakeApplication({ noise: false });
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, target: "/metrics?x=1&y=a%20b" });
  using direct = new FakeScraper({ port: application.port, target: "/metrics?x=1&y=a%20b" });
  const [through, itself] = [await scraper.scrape(), await direct.scrape()];
  expect(through.answer?.body).toEqual(itself.answer?.body ?? Buffer.alloc(0));
  const [proxied, asked] = application.asked;
  expect(proxied?.target).toBe("/metrics?x=1&y=a%20b");
  const names = ["user-agent", "accept", "accept-encoding", "x-prometheus-scrape-timeout-seconds"];
  for (const name of names) expect(proxied?.headers.get(name)).toBe(asked?.headers.get(name) ?? "");
  const own = new Set(["connection", "date", "transfer-encoding", "content-length", "keep-alive"]);
  const given = (headers: ReadonlyMap<string, string> = new Map()) =>
    Object.fromEntries([...headers].filter(([name]) => !own.has(name)));
  expect(given(through.answer?.headers)).toEqual(given(itself.answer?.headers));
});
