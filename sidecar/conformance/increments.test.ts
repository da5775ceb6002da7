/** What an application counts until its end reaches the scraper, whatever the order of things. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { FakeApplication, isCapture } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import { dies, expectNothingLost, prestop, startSidecar } from "./sidecar.ts";

setDefaultTimeout(20_000);

test("1: the final page is the one of the metrics path, not of the root", async () => {
  using application = new FakeApplication({ path: "/custom", noise: false });
  await using sidecar = await startSidecar(application, "--metrics-path=/custom");
  using scraper = new FakeScraper({ port: sidecar.port, target: "/custom" });
  application.increment("requests_total");
  expect(await scraper.value("requests_total")).toBe(1);
  await sidecar.signal();
  application.increment("requests_total", 6);
  await dies(application, sidecar);
  expect(String(await scraper.page())).toBe(String(application.rendered.at(-1)));
  expect(application.asked.map(({ target }) => target)).not.toContain("/");
  expectNothingLost(await sidecar.ended());
});

test("2: an application that counts on after SIGTERM loses nothing, and a scrape in between does not release", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  await sidecar.signal();
  for (let count = 1; count <= 20; count += 1) {
    application.increment("requests_total");
    if (count % 5 === 0) expect(await scraper.value("requests_total")).toBe(count);
    await Bun.sleep(20);
  }
  application.increment("requests_total");
  await dies(application, sidecar);
  expect(await scraper.value("requests_total")).toBe(21);
  expectNothingLost(await sidecar.ended());
});

test("3: the sidecar outlives an application that sleeps through many intervals before its end", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  for (let scrape = 0; scrape < 3; scrape += 1) {
    await scraper.page();
    await Bun.sleep(100);
  }
  await sidecar.signal();
  for (let count = 1; count <= 10; count += 1) {
    application.increment("requests_total");
    expect(await scraper.value("requests_total")).toBe(count);
    await Bun.sleep(200);
  }
  application.increment("requests_total");
  await dies(application, sidecar);
  expect(await scraper.value("requests_total")).toBe(11);
  expectNothingLost(await sidecar.ended());
});

test("4: a scrape half a second before SIGTERM does not release: all 100 increments after it are delivered", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  await Bun.sleep(500);
  await sidecar.signal();
  application.increment("requests_total", 100);
  await dies(application, sidecar);
  expect(await scraper.value("requests_total")).toBe(100);
  const end = await sidecar.ended();
  expectNothingLost(end);
  expect(end.report.outcome).toBe("delivered");
});

test("11: a scrape under way at SIGTERM that brings the last state counts: the sidecar does not wait for another", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
  await scraper.page();
  application.increment("requests_total", 5);
  application.behave = () => ({ kind: "slow", ms: 300 });
  const asked = application.asked.length;
  const underWay = scraper.value("requests_total");
  await eventually("the scrape is under way", () => application.asked.length > asked);
  await sidecar.signal();
  application.behave = () => ({ kind: "answer" });
  expect(await underWay).toBe(5);
  await application.captured();
  application.stop();
  expectNothingLost(await sidecar.ended(3000));
});

test("19: a Job that ends by itself is kept by --background-capture-seconds, and delivered when the sidecar's SIGTERM comes", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--background-capture-seconds=1");
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  application.increment("requests_total", 42);
  await application.captured();
  application.stop();
  // Nobody has said yet that the pod ends, so this is an application that is down.
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 502 } });
  await sidecar.signal();
  await sidecar.phase("final");
  expect(await scraper.value("requests_total")).toBe(42);
  expectNothingLost(await sidecar.ended());
});

test.each([0, 3000])(
  "20: a native sidecar, whose SIGTERM comes %d ms after the application is gone, serves what it kept since /-/prestop",
  async (pauseMs) => {
    using application = new FakeApplication();
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port });
    await scraper.page();
    expect((await prestop(sidecar)).status).toBe(200);
    application.increment("requests_total", 8);
    await application.captured();
    application.stop();
    await Bun.sleep(pauseMs);
    sidecar.process.kill("SIGTERM");
    await sidecar.phase("final");
    expect(await scraper.value("requests_total")).toBe(8);
    expectNothingLost(await sidecar.ended());
  },
);

test("22: a sidecar that was killed while draining and runs again has lost its page, and says 502 instead of making one up", async () => {
  using application = new FakeApplication();
  {
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port });
    await scraper.page();
    await sidecar.signal();
    await application.captured();
    application.stop();
    sidecar.process.kill("SIGKILL");
    await sidecar.process.ended();
  }
  await using again = await startSidecar(application);
  using scraper = new FakeScraper({ port: again.port });
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 502 } });
  await again.signal();
  expect((await again.ended()).report).toMatchObject({ complete: false });
});

test.each([0, 1])(
  "24: while the pod lives, an application that crashed is a failed scrape, never an old page (--background-capture-seconds=%d)",
  async (seconds) => {
    using application = new FakeApplication();
    await using sidecar = await startSidecar(
      application,
      `--background-capture-seconds=${seconds}`,
    );
    using scraper = new FakeScraper({ port: sidecar.port });
    application.increment("requests_total", 3);
    expect(await scraper.value("requests_total")).toBe(3);
    if (seconds > 0) await application.captured();
    application.stop();
    for (let scrape = 0; scrape < 5; scrape += 1) {
      expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 502 } });
    }
    application.restart();
    application.increment("requests_total");
    expect(await scraper.value("requests_total")).toBe(1);
  },
);

test.each<[string, (capture: number) => boolean]>([
  ["first", (capture) => capture === 1],
  ["second", (capture) => capture === 2],
  ["every other", (capture) => capture % 2 === 0],
])(
  "busy: %s capture takes 600 ms, and what is counted until 150 ms before the end is delivered all the same",
  async (_which, isSlow) => {
    using application = new FakeApplication();
    let captures = 0;
    application.behave = (asked) => {
      if (!isCapture(asked)) return { kind: "answer" };
      captures += 1;
      return isSlow(captures) ? { kind: "slow", ms: 600 } : { kind: "answer" };
    };
    await using sidecar = await startSidecar(application, "--capture-interval=20ms");
    using scraper = new FakeScraper({ port: sidecar.port });
    await scraper.page();
    await sidecar.signal();
    for (let count = 0; count < 30; count += 1) {
      application.increment("requests_total");
      await Bun.sleep(10);
    }
    await Bun.sleep(150);
    application.stop();
    await sidecar.phase("final");
    expect(await scraper.value("requests_total")).toBe(30);
    const { report } = await sidecar.ended();
    expect(report).toMatchObject({ outcome: "delivered", missed: [] });
    expect(report.final_page_age_seconds).toBeLessThan(0.2);
  },
);

test("busy: an application that hangs for a second before its port closes is not reported as complete", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  await sidecar.signal();
  await application.captured();
  application.behave = () => ({ kind: "hang" });
  application.increment("requests_total", 1000);
  await Bun.sleep(1000);
  application.stop();
  const { report } = await sidecar.ended();
  expect(report).toMatchObject({ outcome: "unchanged", complete: false });
  expect(report.reason).toContain("old when the application's port closed");
  expect(report.final_page_age_seconds).toBeWithin(0.9, 2);
});

test("19: a Job that was still counting when it ended by itself is delivered, and not called complete", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--background-capture-seconds=1");
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  const counting = setInterval(() => application.increment("requests_total"), 20);
  await application.captured();
  clearInterval(counting);
  application.stop();
  await sidecar.signal();
  await sidecar.phase("final");
  await scraper.page();
  const { report } = await sidecar.ended();
  expect(report).toMatchObject({ outcome: "delivered", complete: false });
  expect(report.reason).toContain("ended by itself");
});
