/** Who is waited for, and what counts as having got the page. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { FakeApplication } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import { HttpConnection } from "./http-connection.ts";
import {
  askOnce,
  curl,
  probe,
  resetInMidBody,
  scanPort,
  takeNothing,
  takeSome,
} from "./misbehaving-clients.ts";
import {
  dies,
  expectNothingLost,
  type Sidecar,
  satisfied,
  startSidecar,
  staysUnserved,
} from "./sidecar.ts";

setDefaultTimeout(20_000);

const FIRST = "127.0.0.2";
const SECOND = "127.0.0.3";
const NAMED = (address: string) => `${address} Prometheus/3.5.0`;

/** A scraper that ends its connection after each scrape, so that each is known to have arrived. */
function scraperAt({ port }: Sidecar, localAddress: string): FakeScraper {
  return new FakeScraper({ port, localAddress, keepAlive: false, gzip: false });
}

/** Scrapes `times` in a row, so that the sidecar learns a short interval. */
async function regularly(scraper: FakeScraper, times: number): Promise<void> {
  for (let scrape = 0; scrape < times; scrape += 1) {
    await scraper.page();
    await Bun.sleep(100);
  }
}

test("5: a pod that was never scraped waits until it could have been discovered, and reports never_scraped", async () => {
  using application = new FakeApplication();
  const startedMs = performance.now();
  await using sidecar = await startSidecar(application, "--unscraped-wait-seconds=2");
  await sidecar.signal();
  await dies(application, sidecar);
  const { code, report, atMs } = await sidecar.ended();
  expect(report).toMatchObject({ outcome: "never_scraped", complete: false, served: [] });
  expect(code).toBe(0);
  expect(atMs - startedMs).toBeWithin(1900, 4000);
});

test("5: a first scrape within that time is served, and ends the wait", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--unscraped-wait-seconds=15");
  await sidecar.signal();
  application.increment("requests_total", 9);
  await dies(application, sidecar);
  using scraper = scraperAt(sidecar, FIRST);
  expect(await scraper.value("requests_total")).toBe(9);
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.served).toEqual([NAMED(FIRST)]);
});

test("5: a first scrape with parameters finds the page that was captured by --capture-query", async () => {
  using application = new FakeApplication();
  const query = "a_b=%28x%29&module=http+2xx";
  const flags = ["--unscraped-wait-seconds=15", `--capture-query=${query}`];
  await using sidecar = await startSidecar(application, ...flags);
  await sidecar.signal();
  application.increment("requests_total", 9);
  await dies(application, sidecar);
  using scraper = new FakeScraper({ port: sidecar.port, target: `/metrics?${query}` });
  expect(await scraper.value("requests_total")).toBe(9);
  expectNothingLost(await sidecar.ended(3000));
  const captures = application.asked.map(({ target }) => target);
  expect(new Set(captures)).toEqual(new Set([`/metrics?${query}`]));
});

test("5: the deadline comes before the discovery time where the grace period is short", async () => {
  using application = new FakeApplication();
  const grace = "--termination-grace-period-seconds=2";
  await using sidecar = await startSidecar(application, "--unscraped-wait-seconds=75", grace);
  await sidecar.signal();
  await dies(application, sidecar);
  const { code, report } = await sidecar.ended(2000);
  expect(report.outcome).toBe("never_scraped");
  expect(code).toBe(0);
});

test("6: of an HA pair, both servers get the final page: the first one's scrape does not release", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using first = scraperAt(sidecar, FIRST);
  using second = scraperAt(sidecar, SECOND);
  await Promise.all([first.page(), second.page()]);
  await sidecar.signal();
  application.increment("requests_total", 4);
  await dies(application, sidecar);
  expect(await first.value("requests_total")).toBe(4);
  const { phase, scrapers } = await satisfied(sidecar, FIRST);
  expect(phase).toBe("final");
  expect(scrapers.find((one) => one.address === SECOND)).toMatchObject({
    user_agent: "Prometheus/3.5.0",
    active: true,
    satisfied: false,
  });
  expect(await second.value("requests_total")).toBe(4);
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.served.toSorted()).toEqual([NAMED(FIRST), NAMED(SECOND)]);
});

test("two servers that share address and User-Agent are both waited for with --expected-scrapers=2", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--expected-scrapers=2");
  using first = new FakeScraper({ port: sidecar.port });
  using second = new FakeScraper({ port: sidecar.port });
  for (const scraper of [first, second]) await scraper.page();
  await sidecar.signal();
  application.increment("requests_total", 4);
  await dies(application, sidecar);
  expect(await first.value("requests_total")).toBe(4);
  // That nothing happens takes time to see.
  await Bun.sleep(300);
  expect((await sidecar.status()).phase).toBe("final");
  expect(await second.value("requests_total")).toBe(4);
  expectNothingLost(await sidecar.ended(3000));
});

test("7: probes, port scanners, curl, POST and HEAD never release the wait", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = scraperAt(sidecar, FIRST);
  await scraper.page();
  await sidecar.signal();
  application.increment("requests_total", 2);
  await dies(application, sidecar);
  const { port } = sidecar;
  await scanPort(port);
  expect((await curl(port, "/metrics")).status).toBe(200);
  expect((await curl(port, "/")).status).toBe(404);
  expect((await probe(port, "/metrics")).status).toBe(200);
  for (const path of ["/-/ready", "/-/healthy", "/healthz", "/readyz"]) await probe(port, path);
  const { options, headers } = scraper;
  for (const [method, status] of [
    ["HEAD", 200],
    ["POST", 405],
    ["OPTIONS", 405],
  ] as const) {
    const localAddress = options.localAddress ?? "";
    const answer = await askOnce(port, { method, target: "/metrics", headers, localAddress });
    expect(answer.status).toBe(status);
  }
  await staysUnserved(sidecar, "final");
  expect(await scraper.value("requests_total")).toBe(2);
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.served).toEqual([NAMED(FIRST)]);
});

test("8: a scraper that breaks off in mid-body, or times out there, is waited for", async () => {
  using application = new FakeApplication({ fillerBytes: 1_000_000 });
  await using sidecar = await startSidecar(application);
  using scraper = scraperAt(sidecar, FIRST);
  await scraper.page();
  await sidecar.signal();
  application.increment("requests_total", 2);
  await application.captured();
  await resetInMidBody(scraper, 100_000);
  await dies(application, sidecar);
  await resetInMidBody(scraper, 100_000);
  const stalled = await takeSome(scraper, 100_000);
  await staysUnserved(sidecar, "final");
  stalled.reset();
  await staysUnserved(sidecar, "final");
  expect(await scraper.value("requests_total")).toBe(2);
  expectNothingLost(await sidecar.ended(3000));
});

test("15: of a fast and a slow scraper, the slow one is named as missed when the grace period does not suffice", async () => {
  using application = new FakeApplication();
  const grace = "--termination-grace-period-seconds=4";
  await using sidecar = await startSidecar(application, grace);
  using fast = scraperAt(sidecar, FIRST);
  using slow = scraperAt(sidecar, SECOND);
  await slow.page();
  await regularly(fast, 4);
  const signalledMs = performance.now();
  await sidecar.signal();
  application.increment("requests_total", 4);
  await dies(application, sidecar);
  expect(await fast.value("requests_total")).toBe(4);
  const { code, report, atMs } = await sidecar.ended();
  expect(report).toMatchObject({
    outcome: "deadline",
    complete: false,
    served: [NAMED(FIRST)],
    missed: [NAMED(SECOND)],
  });
  expect(code).toBe(0);
  expect(atMs - signalledMs).toBeWithin(2000, 4000);
});

test("16: a scraper that has stopped coming is given up long before the grace period ends", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = scraperAt(sidecar, FIRST);
  await regularly(scraper, 5);
  const signalledMs = performance.now();
  await sidecar.signal();
  application.increment("requests_total");
  await dies(application, sidecar);
  const { code, report, atMs } = await sidecar.ended();
  expect(report).toMatchObject({ outcome: "scrapers_gone", complete: false });
  expect(code).toBe(0);
  expect(atMs - signalledMs).toBeLessThan(8000);
});

test("receipt: a client that takes nothing of a 140 KB final page and resets is not counted; one that reads it all and closes is", async () => {
  using application = new FakeApplication({ fillerBytes: 140_000 });
  await using sidecar = await startSidecar(application);
  using scraper = scraperAt(sidecar, FIRST);
  await scraper.page();
  await sidecar.signal();
  application.increment("requests_total", 2);
  await dies(application, sidecar);
  const nothing = await takeNothing(scraper);
  await Bun.sleep(100);
  nothing.reset();
  await staysUnserved(sidecar, "final");
  expect(await scraper.value("requests_total")).toBe(2);
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.outcome).toBe("delivered");
});

test("receipt: a client's FIN that came before the answer is none", async () => {
  using application = new FakeApplication({ fillerBytes: 140_000 });
  await using sidecar = await startSidecar(application);
  using scraper = scraperAt(sidecar, FIRST);
  await scraper.page();
  await sidecar.signal();
  application.increment("requests_total", 2);
  await dies(application, sidecar);
  const early = await takeNothing(scraper);
  early.end();
  await Bun.sleep(10);
  early.reset();
  await staysUnserved(sidecar, "final");
  expect(await scraper.value("requests_total")).toBe(2);
  expectNothingLost(await sidecar.ended(3000));
});

/** A pod in FINAL with a page of so many bytes that its scraper lacks. */
async function inFinal(fillerBytes: number, ...flags: string[]) {
  const application = new FakeApplication({ fillerBytes });
  const sidecar = await startSidecar(application, ...flags);
  const scraper = new FakeScraper({ port: sidecar.port, localAddress: FIRST, gzip: false });
  await scraper.page();
  scraper.close();
  await sidecar.signal();
  application.increment("requests_total", 2);
  await dies(application, sidecar);
  return { application, sidecar, scraper };
}

const SIZES = [2_000, 140_000];

test.each(SIZES)(
  "receipt: one that reads all of %d bytes and closes first, in order, is counted",
  async (bytes) => {
    const { application, sidecar, scraper } = await inFinal(bytes);
    using _ = application;
    await using __ = sidecar;
    const connection = await HttpConnection.open(scraper.endpoint);
    await connection.ask({ target: scraper.target, headers: scraper.headers });
    // Within the time in which the sidecar leaves closing to the client.
    await Bun.sleep(40);
    connection.end();
    expectNothingLost(await sidecar.ended(3000));
  },
);

test.each(SIZES)("receipt: one that closes with all of %d bytes unread is not", async (bytes) => {
  const { application, sidecar, scraper } = await inFinal(bytes);
  using _ = application;
  await using __ = sidecar;
  const unread = await takeNothing(scraper);
  await Bun.sleep(30);
  unread.reset();
  await staysUnserved(sidecar, "final");
  await scraper.page();
  expectNothingLost(await sidecar.ended(3000));
});

test.each(SIZES)(
  "receipt: nor is one that resets after the sidecar's FIN, %d bytes unread",
  async (bytes) => {
    const { application, sidecar, scraper } = await inFinal(bytes);
    using _ = application;
    await using __ = sidecar;
    const unread = await takeNothing(scraper);
    await Bun.sleep(250);
    unread.reset();
    await staysUnserved(sidecar, "final");
    await scraper.page();
    expectNothingLost(await sidecar.ended(3000));
  },
);

test("receipt: one that keeps its connection and never looks at it is waited for until the end", async () => {
  const { application, sidecar, scraper } = await inFinal(
    2_000,
    "--termination-grace-period-seconds=3",
  );
  using _ = application;
  await using __ = sidecar;
  const stopped = await takeNothing(scraper);
  const { report } = await sidecar.ended(4000);
  expect(report).toMatchObject({
    outcome: "deadline",
    complete: false,
    served: [],
    missed: [NAMED(FIRST)],
  });
  stopped.reset();
});

test("receipt: resets of others at the same time make no receipt, and the next scrape does", async () => {
  const { application, sidecar, scraper } = await inFinal(140_000);
  using _ = application;
  await using __ = sidecar;
  const others = await Promise.all(Array.from({ length: 10 }, () => takeNothing(scraper)));
  const resets = Array.from({ length: 10 }, async (_one, i) => {
    await Bun.sleep(5 * i);
    others[i]?.reset();
  });
  await Promise.all(resets);
  await staysUnserved(sidecar, "final");
  await scraper.page();
  expectNothingLost(await sidecar.ended(3000));
});

test("receipt: an IPv4 scraper of a dual-stack listener is known as such", async () => {
  const { application, sidecar, scraper } = await inFinal(2_000, "--host=::");
  using _ = application;
  await using __ = sidecar;
  await scraper.page();
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.served).toEqual([NAMED(FIRST)]);
});
