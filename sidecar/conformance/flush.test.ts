/** `/-/flush`: an application that calls it last loses exactly nothing. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { FakeApplication } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import { expectNothingLost, flush, startSidecar } from "./sidecar.ts";

setDefaultTimeout(20_000);

test.each(["GET", "POST"])(
  "flush: an application that %ss it and dies at that moment loses nothing",
  async (method) => {
    using application = new FakeApplication();
    // So seldom that only the flush can have seen what is counted after the first capture.
    await using sidecar = await startSidecar(application, "--capture-interval=400ms");
    using scraper = new FakeScraper({ port: sidecar.port });
    await scraper.page();
    await sidecar.signal();
    await Bun.sleep(100);
    application.increment("requests_total", 11);
    expect((await flush(sidecar, method)).status).toBe(200);
    application.stop();
    await sidecar.phase("final");
    expect(await scraper.value("requests_total")).toBe(11);
    expectNothingLost(await sidecar.ended());
  },
);

test("flush: it holds for every format that was asked for", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--capture-interval=400ms");
  const targets = ["/metrics?module=a", "/metrics?module=b", "/metrics"];
  const scrapers = targets.map((target, at) => {
    return new FakeScraper({ port: sidecar.port, target, localAddress: `127.0.0.${at + 2}` });
  });
  for (const scraper of scrapers) await scraper.page();
  await sidecar.signal();
  await Bun.sleep(100);
  application.increment("requests_total", 11);
  expect((await flush(sidecar)).status).toBe(200);
  application.stop();
  await sidecar.phase("final");
  for (const scraper of scrapers) expect(await scraper.value("requests_total")).toBe(11);
  expectNothingLost(await sidecar.ended());
});

test("flush: a Job that calls it before any signal loses nothing either", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  await scraper.page();
  application.increment("requests_total", 11);
  expect((await flush(sidecar)).status).toBe(200);
  application.stop();
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: { status: 502 } });
  sidecar.process.kill("SIGTERM");
  await sidecar.phase("final");
  expect(await scraper.value("requests_total")).toBe(11);
  expectNothingLost(await sidecar.ended());
});

test("flush: it says 502 if the application cannot be asked", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  application.behave = () => ({ kind: "status", status: 503 });
  expect((await flush(sidecar)).status).toBe(502);
  application.stop();
  expect((await flush(sidecar)).status).toBe(502);
});

test("flush: 127.0.0.1 and ::1 may, also where the sidecar listens on both families at once", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, "--host=::");
  for (const host of ["127.0.0.1", "[::1]"]) {
    const answer = await fetch(`http://${host}:${sidecar.port}/-/flush`, { method: "POST" });
    expect(answer.status).toBe(200);
  }
});

// A machine with no network but loopback has no such address, and nobody there to be refused.
for (const address of ownAddresses().slice(0, 1)) {
  test("flush: nobody else may, not even this machine by its own address", async () => {
    using application = new FakeApplication();
    await using sidecar = await startSidecar(application, `--host=${address}`);
    const answer = await fetch(`http://${address}:${sidecar.port}/-/flush`, {
      method: "POST",
      headers: { "X-Forwarded-For": "127.0.0.1", Forwarded: "for=127.0.0.1" },
      proxy: false,
    } as unknown as BunFetchRequestInit);
    expect(answer.status).toBe(403);
    expect(application.asked).toEqual([]);
  });
}

function ownAddresses(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return addresses
    .filter((one) => !one.internal && one.family === "IPv4")
    .map((one) => one.address);
}
