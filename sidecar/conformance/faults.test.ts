/** Applications that fail while the pod ends, and preStop hooks that lead to no end. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { FakeApplication } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import type { Behaviour } from "./raw-server.ts";
import { dies, expectNothingLost, prestop, startSidecar } from "./sidecar.ts";

setDefaultTimeout(20_000);

test.each([503, 500, 404])(
  "9: an application that answers %d while the pod ends is covered by its newest whole page; before that the status is passed on",
  async (status) => {
    using application = new FakeApplication();
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port });
    await scraper.page();
    application.behave = () => ({ kind: "status", status });
    expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status } });
    application.behave = () => ({ kind: "answer" });
    await sidecar.signal();
    application.increment("requests_total", 3);
    await application.captured();
    application.behave = () => ({ kind: "status", status });
    expect(await scraper.value("requests_total")).toBe(3);
    expect((await sidecar.status()).phase).toBe("draining");
    application.behave = () => ({ kind: "answer" });
    application.increment("requests_total");
    await dies(application, sidecar);
    expect(await scraper.value("requests_total")).toBe(4);
    expectNothingLost(await sidecar.ended());
  },
);

test.each(["length", "chunked"] as const)(
  "9: so is one that breaks its answer off in mid-body (%s)",
  async (framing) => {
    using application = new FakeApplication({ framing, fillerBytes: 100_000 });
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port, gzip: false });
    await scraper.page();
    await sidecar.signal();
    application.increment("requests_total", 3);
    await application.captured();
    application.behave = () => ({ kind: "break" });
    const before = application.rendered.at(-1)?.length;
    const page = await scraper.page();
    expect(page.length).toBeGreaterThan((before ?? 0) - 1000);
    expect(String(page)).toContain("requests_total 3\n");
    application.behave = () => ({ kind: "answer" });
    application.increment("requests_total");
    await dies(application, sidecar);
    expect(await scraper.value("requests_total")).toBe(4);
    expectNothingLost(await sidecar.ended());
  },
);

test.each(["length", "chunked"] as const)(
  "9: while the pod lives, an answer that breaks off in mid-body stays broken (%s)",
  async (framing) => {
    using application = new FakeApplication({ framing, fillerBytes: 100_000 });
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port, gzip: false });
    await scraper.page();
    application.behave = () => ({ kind: "break" });
    expect((await scraper.scrape()).up).toBe(0);
    application.behave = () => ({ kind: "answer" });
    expect((await scraper.scrape()).up).toBe(1);
  },
);

test.each<Behaviour>([{ kind: "hang" }, { kind: "trickle", ms: 60_000 }])(
  "10: an application that hangs from SIGTERM on ($kind) is covered, before the scrape times out, by the page that was scraped last; the sidecar leaves in time",
  async (behaviour) => {
    using application = new FakeApplication();
    const grace = "--termination-grace-period-seconds=5";
    await using sidecar = await startSidecar(application, grace);
    using scraper = new FakeScraper({ port: sidecar.port, timeoutSeconds: 2 });
    application.increment("requests_total", 3);
    await scraper.page();
    application.behave = () => behaviour;
    const signalledMs = performance.now();
    await sidecar.signal();
    expect(await scraper.value("requests_total")).toBe(3);
    const { code, atMs } = await sidecar.ended();
    expect(code).toBe(0);
    expect(atMs - signalledMs).toBeLessThan(5000);
  },
);

test("10: captures do not wait for a hanging application for longer than scrapes do", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--upstream-timeout=500ms");
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  application.behave = () => ({ kind: "hang" });
  await sidecar.signal();
  await eventually(
    "a capture has failed",
    async () => (await sidecar.status()).captures.failed > 0,
  );
  application.behave = () => ({ kind: "answer" });
  application.increment("requests_total", 5);
  await dies(application, sidecar);
  expect(await scraper.value("requests_total")).toBe(5);
  expectNothingLost(await sidecar.ended());
});

test.each([
  [30, 2],
  [5, 0.5],
])(
  "21: where the application hangs, /-/prestop answers after 2 s and a tenth of the grace period (%d s) at most, and SIGTERM is obeyed after it",
  async (seconds, most) => {
    using application = new FakeApplication();
    const grace = `--termination-grace-period-seconds=${seconds}`;
    await using sidecar = await startSidecar(application, grace);
    application.behave = () => ({ kind: "hang" });
    const askedMs = performance.now();
    expect((await prestop(sidecar)).status).toBe(200);
    // And what a busy machine needs.
    expect((performance.now() - askedMs) / 1000).toBeWithin(most - 0.1, most + 0.3);
    application.stop();
    const signalledMs = performance.now();
    sidecar.process.kill("SIGTERM");
    const { code } = await sidecar.ended();
    expect(code).toBe(0);
    expect(performance.now() - signalledMs).toBeLessThan(5000);
  },
);

test("21: what was counted before /-/prestop answered is safe, even if the application dies at that moment", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--capture-interval=400ms");
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  application.increment("requests_total", 5);
  expect((await prestop(sidecar)).status).toBe(200);
  application.stop();
  sidecar.process.kill("SIGTERM");
  await sidecar.phase("final");
  expect(await scraper.value("requests_total")).toBe(5);
  expectNothingLost(await sidecar.ended());
});

test("prestop: without the token it is forbidden and changes nothing", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--prestop-token=s3cret");
  expect((await prestop(sidecar)).status).toBe(403);
  expect((await prestop(sidecar, "s3cre")).status).toBe(403);
  expect((await prestop(sidecar, "")).status).toBe(403);
  expect((await sidecar.status()).phase).toBe("running");
  expect((await prestop(sidecar, "s3cret")).status).toBe(200);
  expect((await sidecar.status()).phase).toBe("draining");
});

test("prestop: an application that is restarted after it, and lives on, is back to running", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  await prestop(sidecar);
  await application.captured();
  application.stop();
  await eventually("refused", async () => (await sidecar.status()).captures.refused > 0);
  application.restart();
  await eventually("running again", async () => (await sidecar.status()).phase === "running");
  application.increment("requests_total");
  expect(await scraper.value("requests_total")).toBe(1);
  application.stop();
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 502 } });
});

test("prestop: without a SIGTERM within the grace period the sidecar is back to running", async () => {
  using application = new FakeApplication();
  const grace = "--termination-grace-period-seconds=1";
  await using sidecar = await startSidecar(application, grace);
  const askedMs = performance.now();
  await prestop(sidecar);
  expect((await sidecar.status()).phase).toBe("draining");
  await eventually("running again", async () => (await sidecar.status()).phase === "running");
  // Not before: a SIGTERM at the last moment must find it draining. Some slack after it is right.
  expect(performance.now() - askedMs).toBeWithin(600, 8000);
});

test("prestop: an application that refuses without SIGTERM is covered for at most two seconds, then it is a 502; SIGTERM still gets its last page", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  await prestop(sidecar);
  application.increment("requests_total", 7);
  await application.captured();
  application.stop();
  const stoppedMs = performance.now();
  expect(await scraper.value("requests_total")).toBe(7);
  await eventually("no longer covered", async () => (await scraper.scrape()).up === 0, 4000);
  expect(performance.now() - stoppedMs).toBeLessThan(2500);
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 502 } });
  expect((await sidecar.status()).phase).not.toBe("final");
  sidecar.process.kill("SIGTERM");
  expectNothingLost(await sidecar.ended());
});
