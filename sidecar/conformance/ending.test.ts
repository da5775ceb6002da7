/** When the sidecar leaves: at once where nothing is lost by it, at the latest in time, once. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { FakeApplication } from "./fake-application.ts";
import { ACCEPT, FakeScraper } from "./fake-scraper.ts";
import { dies, expectNothingLost, startSidecar, staysUnserved } from "./sidecar.ts";

setDefaultTimeout(20_000);

/** Enough of them that a series which never stands still shows as such. */
async function severalCaptures(application: FakeApplication): Promise<void> {
  for (let times = 0; times < 3; times += 1) await application.captured();
}

test("unchanged: where nothing was counted since the last scrape it leaves at once, though CPU seconds, gauges and its own questions moved", async () => {
  using application = new FakeApplication();
  application.increment("requests_total", 3);
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
  await scraper.page();
  const signalledMs = performance.now();
  await sidecar.signal();
  await severalCaptures(application);
  application.stop();
  const end = await sidecar.ended();
  expectNothingLost(end);
  expect(end.report.outcome).toBe("unchanged");
  expect(end.atMs - signalledMs).toBeLessThan(2000);
});

test("unchanged: so for a Prometheus 3 with its connection kept open, in OpenMetrics and gzip", async () => {
  using application = new FakeApplication();
  application.increment("requests_total", 3);
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, accept: ACCEPT.prometheus3 });
  // The second one's question tells that the first one's answer arrived.
  await scraper.page();
  await scraper.page();
  await sidecar.signal();
  await severalCaptures(application);
  application.stop();
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.outcome).toBe("unchanged");
});

test("unchanged: not where an application was idle and one counter moved", async () => {
  using application = new FakeApplication();
  application.increment("requests_total", 3);
  application.increment('errors_total{code="500"}');
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
  await scraper.page();
  await sidecar.signal();
  await application.captured();
  application.increment('errors_total{code="500"}');
  await dies(application, sidecar);
  await staysUnserved(sidecar, "final");
  expect(await scraper.value('errors_total{code="500"}')).toBe(2);
  const end = await sidecar.ended(3000);
  expectNothingLost(end);
  expect(end.report.outcome).toBe("delivered");
});

test("unchanged: not where a series appeared that was not there before", async () => {
  using application = new FakeApplication();
  application.increment("requests_total", 3);
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
  await scraper.page();
  await sidecar.signal();
  application.increment('errors_total{code="500"}');
  await dies(application, sidecar);
  await staysUnserved(sidecar, "final");
  expect(await scraper.value('errors_total{code="500"}')).toBe(1);
  expectNothingLost(await sidecar.ended(3000));
});

test("unchanged: a counter of the user's that moves at every capture is waited for", async () => {
  using application = new FakeApplication();
  application.behave = () => {
    application.increment("requests_total");
    return { kind: "answer" };
  };
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
  await scraper.page();
  await sidecar.signal();
  await dies(application, sidecar);
  await staysUnserved(sidecar, "final");
  expect(await scraper.value("requests_total")).toBeGreaterThan(1);
  expectNothingLost(await sidecar.ended(3000));
});

test("37: the seconds that it says it waited are those of the monotonic clock", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
  await scraper.page();
  const signalledMs = performance.now();
  await sidecar.signal();
  application.increment("requests_total");
  await dies(application, sidecar);
  await Bun.sleep(1200);
  const servedMs = performance.now();
  await scraper.page();
  const { report, atMs } = await sidecar.ended(3000);
  expect(report.waited_seconds).toBeGreaterThan((servedMs - signalledMs) / 1000 - 0.1);
  expect(report.waited_seconds).toBeLessThan((atMs - signalledMs) / 1000 + 0.01);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "38: %s ends the pod's work in order, and signals after it change nothing",
  async (signal) => {
    using application = new FakeApplication();
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port });
    await scraper.page();
    await sidecar.signal(signal);
    const more = () => {
      for (const one of ["SIGTERM", "SIGINT", signal] as const) sidecar.process.kill(one);
    };
    more();
    application.increment("requests_total", 4);
    expect(await scraper.value("requests_total")).toBe(4);
    expect((await sidecar.status()).phase).toBe("draining");
    application.increment("requests_total", 4);
    await dies(application, sidecar);
    more();
    await staysUnserved(sidecar, "final");
    expect(await scraper.value("requests_total")).toBe(8);
    expectNothingLost(await sidecar.ended());
  },
);

test("38: the deadline counts from the first signal, whatever comes after it", async () => {
  using application = new FakeApplication();
  const grace = "--termination-grace-period-seconds=3";
  await using sidecar = await startSidecar(application, grace);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  const signalledMs = performance.now();
  await sidecar.signal();
  application.increment("requests_total");
  for (let more = 0; more < 4; more += 1) {
    await Bun.sleep(300);
    sidecar.process.kill(more % 2 === 0 ? "SIGTERM" : "SIGINT");
  }
  // It answers until its end, so that only the deadline can end this.
  const { code, atMs } = await sidecar.ended();
  expect(code).toBe(0);
  expect(atMs - signalledMs).toBeWithin(1500, 3000);
});
