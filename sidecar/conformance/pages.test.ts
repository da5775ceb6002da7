/** Each scraper gets its own format: bytes, headers and credentials, until the last scrape. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { createCertificate } from "../../shared/testing/certificate.ts";
import { type Protocol, renderPage } from "./exposition.ts";
import { FakeApplication } from "./fake-application.ts";
import { ACCEPT, FakeScraper, type Scrape } from "./fake-scraper.ts";
import { dies, expectNothingLost, startSidecar } from "./sidecar.ts";

setDefaultTimeout(20_000);

/** A scrape that succeeded. */
async function succeeded(scraper: FakeScraper): Promise<Extract<Scrape, { up: 1 }>> {
  const scrape = await scraper.scrape();
  if (scrape.up === 0) throw new Error(`The scrape failed: ${scrape.why}`);
  return scrape;
}

test("12: header and bytes agree in every phase, for a scraper that takes gzip and one that does not", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  const { port } = sidecar;
  using zipped = new FakeScraper({ port, localAddress: "127.0.0.2", gzip: true });
  using plain = new FakeScraper({ port, localAddress: "127.0.0.3", gzip: false });
  const check = async (count: number) => {
    for (const [scraper, encoding] of [
      [zipped, "gzip"],
      [plain, undefined],
    ] as const) {
      const { page, answer } = await succeeded(scraper);
      expect(answer.headers.get("content-encoding")).toBe(encoding);
      expect(String(page)).toContain(`requests_total ${count}\n`);
      expect(answer.headers.get("x-application")).toBe("fake");
    }
  };
  application.increment("requests_total");
  await check(1);
  await sidecar.signal();
  application.increment("requests_total");
  await check(2);
  application.increment("requests_total");
  await dies(application, sidecar, 2);
  await check(3);
  expectNothingLost(await sidecar.ended());
});

test("13: OpenMetrics, protobuf and text scrapers each get the final page in their own format", async () => {
  using application = new FakeApplication({ noise: false });
  await using sidecar = await startSidecar(application);
  const { port } = sidecar;
  const wanted: readonly (readonly [string, Protocol])[] = [
    [ACCEPT.prometheus2, "openmetrics"],
    [ACCEPT.prometheus3, "openmetrics"],
    [ACCEPT.protobufFirst, "protobuf"],
    [ACCEPT.text, "text"],
  ];
  const scrapers = wanted.map(([accept], at) => {
    return new FakeScraper({ port, accept, localAddress: `127.0.0.${at + 2}` });
  });
  application.increment('requests_total{code="200"}');
  const types = new Map<FakeScraper, string>();
  for (const one of scrapers) types.set(one, (await succeeded(one)).contentType);
  await sidecar.signal();
  application.increment('requests_total{code="200"}', 8);
  application.increment('requests_total{code="500"}', 2);
  await dies(application, sidecar, scrapers.length);
  for (const [at, one] of scrapers.entries()) {
    const { page, contentType } = await succeeded(one);
    expect(contentType).toBe(types.get(one) ?? "");
    const expected = renderPage(wanted[at]?.[1] ?? "text", application.series, Buffer.alloc(0));
    expect(page.equals(expected)).toBe(true);
  }
  expectNothingLost(await sidecar.ended());
});

test.each(["", "application/json; odd=1", "text/plain; version=0.0.4", "TEXT/plain;charset=UTF-8"])(
  "14: the application's Content-Type (%j) is given as it is, live and in the end",
  async (contentType) => {
    using application = new FakeApplication({ contentType });
    await using sidecar = await startSidecar(application);
    using scraper = new FakeScraper({ port: sidecar.port });
    const given = async () => {
      const { answer } = await scraper.scrape();
      expect(answer?.status).toBe(200);
      return answer?.headers.get("content-type");
    };
    expect(await given()).toBe(contentType);
    await sidecar.signal();
    expect(await given()).toBe(contentType);
    application.increment("requests_total");
    await dies(application, sidecar);
    expect(await given()).toBe(contentType);
  },
);

test("14: where the application gives no Content-Type, none is made up but text 0.0.4", async () => {
  using application = new FakeApplication({ contentType: null });
  await using sidecar = await startSidecar(application);
  using scraper = new FakeScraper({ port: sidecar.port });
  const check = async () => {
    const { answer } = await scraper.scrape();
    expect(answer?.status).toBe(200);
    const type = answer?.headers.get("content-type")?.replaceAll(" ", "");
    expect([undefined, "text/plain;version=0.0.4"]).toContain(type);
  };
  await check();
  await sidecar.signal();
  application.increment("requests_total");
  await dies(application, sidecar);
  await check();
});

test("30: query parameters make pages of their own, each delivered in the end", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  const { port } = sidecar;
  using a = new FakeScraper({ port, target: "/metrics?module=a", localAddress: "127.0.0.2" });
  using b = new FakeScraper({ port, target: "/metrics?module=b", localAddress: "127.0.0.3" });
  const check = async (count: number) => {
    for (const [scraper, series] of [
      [a, 'asked_info{module="a"} 1'],
      [b, 'asked_info{module="b"} 1'],
    ] as const) {
      const page = String(await scraper.page());
      expect(page).toContain(series);
      expect(page).toContain(`requests_total ${count}\n`);
    }
  };
  application.increment("requests_total");
  await check(1);
  await sidecar.signal();
  application.increment("requests_total", 5);
  await dies(application, sidecar, 2);
  await check(6);
  expectNothingLost(await sidecar.ended());
});

test("30: an application that serves https on loopback with a certificate of its own is scraped, and delivered", async () => {
  using application = new FakeApplication({ certificate: await createCertificate() });
  await using sidecar = await startSidecar(application, "--original-scheme=https");
  using scraper = new FakeScraper({ port: sidecar.port });
  application.increment("requests_total");
  expect(await scraper.value("requests_total")).toBe(1);
  await sidecar.signal();
  application.increment("requests_total", 5);
  await dies(application, sidecar);
  expect(await scraper.value("requests_total")).toBe(6);
  expectNothingLost(await sidecar.ended());
});

test.each([
  "--metrics-path=/metrics,/federate",
  "--metrics-path=/metrics --metrics-path=/federate",
])("30: several metrics paths reach the application (%s)", async (flags) => {
  using application = new FakeApplication({ path: "/federate" });
  await using sidecar = await startSidecar(application, ...flags.split(" "));
  using federate = new FakeScraper({ port: sidecar.port, target: "/federate" });
  using metrics = new FakeScraper({ port: sidecar.port, target: "/metrics" });
  expect((await federate.scrape()).up).toBe(1);
  expect(await metrics.scrape()).toMatchObject({ up: 0, answer: { status: 404 } });
  expect(application.asked.map(({ target }) => target)).toEqual(["/federate", "/metrics"]);
});

test("a page that was answered to one scraper's credentials is given to nobody else", async () => {
  using application = new FakeApplication();
  const right = { Authorization: "Bearer right" };
  application.behave = ({ headers }) =>
    headers.get("authorization") === right.Authorization
      ? { kind: "answer" }
      : { kind: "status", status: 401 };
  await using sidecar = await startSidecar(application);
  const { port } = sidecar;
  using allowed = new FakeScraper({ port, headers: right, localAddress: "127.0.0.2" });
  using anonymous = new FakeScraper({ port, localAddress: "127.0.0.3" });
  using wrong = new FakeScraper({ port, headers: { Authorization: "Bearer wrong" } });
  await allowed.page();
  for (const other of [anonymous, wrong]) {
    expect(await other.scrape()).toMatchObject({ up: 0, answer: { status: 401 } });
  }
  await sidecar.signal();
  application.increment("requests_total", 5);
  const check = async () => {
    for (const other of [anonymous, wrong]) expect((await other.scrape()).up).toBe(0);
  };
  await application.captured();
  await check();
  application.stop();
  await sidecar.phase("final");
  await check();
  expect(await allowed.value("requests_total")).toBe(5);
  expectNothingLost(await sidecar.ended());
});
