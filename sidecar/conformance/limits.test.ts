/** Large pages, many readers, and what they may cost. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { FakeApplication } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import { takeNothing } from "./misbehaving-clients.ts";
import { dies, expectNothingLost, type Sidecar, startSidecar } from "./sidecar.ts";

setDefaultTimeout(30_000);

const MB = 1_000_000;

/** Memory of its own, in bytes, as Linux counts it. */
async function privateBytes({ process }: Sidecar): Promise<number> {
  const status = await Bun.file(`/proc/${process.pid}/status`).text();
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test("33: a page of 64 MB streams whole to a slow reader, and is not held in memory meanwhile", async () => {
  using application = new FakeApplication({ fillerBytes: 64 * MB });
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port, gzip: false });
  const before = await privateBytes(sidecar);
  const slow = await takeNothing(scraper);
  // Time for whatever would read on ahead of the reader.
  await Bun.sleep(500);
  expect((await privateBytes(sidecar)) - before).toBeLessThan(32 * MB);
  expect((await slow.answer()).body.length).toBe(application.rendered.at(-1)?.length ?? 0);
  slow.end();
  const { length } = await scraper.page();
  expect(length).toBeGreaterThan(64 * MB);
});

test("33: a page larger than --max-capture-bytes is streamed while it can be, not kept, and reported", async () => {
  using application = new FakeApplication({ fillerBytes: 20 * MB });
  await using sidecar = await startSidecar(application, "--max-capture-bytes=1000000");
  using scraper = new FakeScraper({ port: sidecar.port, gzip: false });
  expect((await scraper.page()).length).toBeGreaterThan(20 * MB);
  await sidecar.signal();
  application.increment("requests_total");
  await eventually("a capture was too large", async () => {
    return ((await sidecar.metric('sidecar_captures_total{outcome="too_large"}')) ?? 0) > 0;
  });
  expect(await scraper.value("requests_total")).toBe(1);
  application.stop();
  const { code, report } = await sidecar.ended();
  expect(report).toMatchObject({ outcome: "nothing_captured", complete: false });
  expect(report.too_large).toBeGreaterThan(0);
  expect(code).toBe(0);
});

test("33: a page just below --max-capture-bytes is kept whole", async () => {
  using application = new FakeApplication({ fillerBytes: 990_000 });
  await using sidecar = await startSidecar(application, "--max-capture-bytes=1000000");
  using scraper = new FakeScraper({ port: sidecar.port, gzip: false });
  await scraper.page();
  await sidecar.signal();
  application.increment("requests_total");
  await dies(application, sidecar);
  const page = await scraper.page();
  expect(String(page.subarray(0, 200))).toContain("requests_total 1\n");
  expect(page.length).toBeGreaterThan(990_000);
  expectNothingLost(await sidecar.ended());
});

test("33: a page of 12 MB is kept, compared and delivered within the 128 MiB that the container is given", async () => {
  using application = new FakeApplication({ fillerBytes: 12 * MB });
  await using sidecar = await startSidecar(application);
  const own = { port: sidecar.port, gzip: false, keepAlive: false };
  using scraper = new FakeScraper(own);
  await scraper.page();
  await sidecar.signal();
  application.increment("requests_total");
  await dies(application, sidecar);
  let most = 0;
  for (let look = 0; look < 50; look += 1) {
    most = Math.max(most, await privateBytes(sidecar));
    await Bun.sleep(20);
  }
  expect(most).toBeLessThan(128 * 1024 * 1024);
  expect(await scraper.value("requests_total")).toBe(1);
  expectNothingLost(await sidecar.ended());
});

test("34: twenty slow readers of the final page share one copy of it", async () => {
  using application = new FakeApplication({ fillerBytes: 12 * MB });
  await using sidecar = await startSidecar(application);
  // Nobody has a page yet, so that there is nothing to compare, and only the readers cost anything.
  using scraper = new FakeScraper({ port: sidecar.port, gzip: false });
  await sidecar.signal();
  application.increment("requests_total");
  await dies(application, sidecar);
  const before = await privateBytes(sidecar);
  const readers = await Promise.all(Array.from({ length: 20 }, () => takeNothing(scraper)));
  await Bun.sleep(300);
  expect((await privateBytes(sidecar)) - before).toBeLessThan(48 * MB);
  const answers = await Promise.all(readers.map((reader) => reader.answer()));
  for (const { status, body } of answers) {
    expect(status).toBe(200);
    expect(body.length).toBeGreaterThan(12 * MB);
  }
});
