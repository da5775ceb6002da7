/** The kit itself: the fake scraper is as strict as Prometheus 3, the fake application as bad as asked. */
import { expect, test } from "bun:test";
import { FakeApplication } from "./fake-application.ts";
import { ACCEPT, FakeScraper } from "./fake-scraper.ts";
import { type Behaviour, listenRaw, type Page } from "./raw-server.ts";

const TEXT = ["content-type", "text/plain; version=0.0.4"] as const;
const OPENMETRICS = ["content-type", "application/openmetrics-text; version=1.0.0"] as const;
const GZIP = ["content-encoding", "gzip"] as const;
const PAGE = Buffer.from("a_total 1\n");
const ZIPPED = Buffer.from(Bun.gzipSync("a_total 1\n"));
const OK: Page = { status: 200, headers: [TEXT], body: PAGE };

test.each<[string, Page, 0 | 1]>([
  ["a text page", OK, 1],
  ["a gzip page that says so", { ...OK, headers: [TEXT, GZIP], body: ZIPPED }, 1],
  ["a gzip page that does not say so", { ...OK, body: ZIPPED }, 0],
  ["a plain page that says gzip", { ...OK, headers: [TEXT, GZIP] }, 0],
  ["no Content-Type", { ...OK, headers: [] }, 0],
  ["a blank Content-Type", { ...OK, headers: [["content-type", ""]] }, 0],
  ["a Content-Type of no use", { ...OK, headers: [["content-type", "text/html"]] }, 0],
  ["one that cannot be parsed", { ...OK, headers: [["content-type", "text/plain; version"]] }, 0],
  ["204", { ...OK, status: 204, body: Buffer.alloc(0) }, 0],
  ["503", { ...OK, status: 503 }, 0],
  ["OpenMetrics without # EOF", { ...OK, headers: [OPENMETRICS] }, 0],
  ["OpenMetrics", { ...OK, headers: [OPENMETRICS], body: Buffer.from("a_total 1\n# EOF\n") }, 1],
])("FakeScraper takes %s as Prometheus 3 does", async (_name, page, up) => {
  const server = listenRaw({
    host: "127.0.0.1",
    port: 0,
    answer: () => ({ page, behaviour: { kind: "answer" } }),
  });
  using scraper = new FakeScraper({ port: server.port });
  expect((await scraper.scrape()).up).toBe(up);
  server.stop();
});

test.each<[Behaviour, "length" | "chunked", 0 | 1]>([
  [{ kind: "answer" }, "length", 1],
  [{ kind: "answer" }, "chunked", 1],
  [{ kind: "slow", ms: 50 }, "length", 1],
  [{ kind: "trickle", ms: 50 }, "length", 1],
  [{ kind: "trickle", ms: 50 }, "chunked", 1],
  [{ kind: "break" }, "length", 0],
  [{ kind: "break" }, "chunked", 0],
  [{ kind: "hang" }, "length", 0],
  [{ kind: "status", status: 500 }, "length", 0],
])("FakeApplication told to %j (%s)", async (behaviour, framing, up) => {
  using application = new FakeApplication({ framing, fillerBytes: 200_000 });
  application.behave = () => behaviour;
  for (const gzip of [true, false]) {
    using scraper = new FakeScraper({ port: application.port, gzip, timeoutSeconds: 0.3 });
    expect((await scraper.scrape()).up).toBe(up);
    application.behave = () => ({ kind: "answer" });
    expect((await scraper.scrape()).up).toBe(1);
    application.behave = () => behaviour;
  }
});

test("FakeApplication answers in the format that is asked for, and is gone when it is stopped", async () => {
  using application = new FakeApplication();
  const { port } = application;
  application.increment('requests_total{code="200"}', 3);
  for (const [accept, type] of [
    [ACCEPT.prometheus2, "application/openmetrics-text; version=1.0.0"],
    [ACCEPT.prometheus3, "application/openmetrics-text; version=1.0.0"],
    [ACCEPT.protobufFirst, "application/vnd.google.protobuf; proto="],
    [ACCEPT.text, "text/plain; version=0.0.4"],
  ] as const) {
    using scraper = new FakeScraper({ port, accept });
    const scrape = await scraper.scrape();
    expect(scrape.up === 1 && scrape.contentType).toStartWith(type);
  }
  using scraper = new FakeScraper({ port, localAddress: "127.0.0.9" });
  expect(await scraper.value('requests_total{code="200"}')).toBe(3);
  application.stop();
  expect(await scraper.scrape()).toMatchObject({ up: 0, answer: undefined });
  application.restart();
  expect(await scraper.value('requests_total{code="200"}')).toBeUndefined();
});
