/** The report at the end: in the log, in the termination message, and to --report-url. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { eventually } from "../../shared/testing/eventually.ts";
import { FakeApplication } from "./fake-application.ts";
import { FakeScraper } from "./fake-scraper.ts";
import { dies, type End, prestop, type Report, startSidecar } from "./sidecar.ts";

setDefaultTimeout(20_000);

const FIELDS: readonly (keyof Report)[] = [
  "outcome",
  "complete",
  "reason",
  "final_page_age_seconds",
  "waited_seconds",
  "served",
  "missed",
  "moved_series",
  "moved_families",
];

/** A pod that counts `counts` after its only scrape, and is scraped once more in the end. */
async function deliver(counts: Readonly<Record<string, number>>, ...flags: string[]): Promise<End> {
  using application = new FakeApplication({ noise: false });
  application.increment("requests_total", 5);
  for (const series of Object.keys(counts)) application.increment(series, 0);
  await using sidecar = await startSidecar(application, ...flags);
  const { port } = sidecar;
  using scraper = new FakeScraper({ port, localAddress: "127.0.0.2", keepAlive: false });
  await scraper.page();
  await sidecar.signal();
  for (const [series, by] of Object.entries(counts)) application.increment(series, by);
  await dies(application, sidecar);
  await scraper.page();
  return await sidecar.ended(5000);
}

test("report: it says how it ended, who has the last page, and what that page moved", async () => {
  const { report } = await deliver({ requests_total: 100, 'errors_total{code="500"}': 7 });
  expect(report).toMatchObject({
    outcome: "delivered",
    complete: true,
    served: ["127.0.0.2 Prometheus/3.5.0"],
    missed: [],
    moved_series: 2,
    moved_families: [
      { name: "requests_total", increase: 100 },
      { name: "errors_total", increase: 7 },
    ],
  });
  expect(report.waited_seconds).toBeWithin(0, 5);
});

test("report: of many families it names the five that moved most, largest first, all series of one together", async () => {
  const counts: Record<string, number> = {};
  for (let n = 1; n <= 7; n += 1) {
    counts[`f${n}_total{a="1"}`] = n;
    counts[`f${n}_total{a="2"}`] = 10 * n;
  }
  const { report } = await deliver(counts);
  expect(report.moved_series).toBe(14);
  expect(report.moved_families).toEqual(
    [7, 6, 5, 4, 3].map((n) => ({ name: `f${n}_total`, increase: 11 * n })),
  );
});

test("report: the termination message is the same object, and small", async () => {
  const directory = await mkdtemp(`${tmpdir()}/termination-`);
  try {
    const path = `${directory}/log`;
    await Bun.write(path, "");
    const { report } = await deliver({ requests_total: 100 }, `--termination-message-path=${path}`);
    const text = await Bun.file(path).text();
    expect(text.length).toBeLessThanOrEqual(4096);
    const message = JSON.parse(text) as Report;
    for (const field of FIELDS) expect(message[field]).toEqual(report[field]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("report: an end that is cut short leaves what its beginning said, and one that comes to nothing leaves nothing", async () => {
  const directory = await mkdtemp(`${tmpdir()}/termination-`);
  try {
    const path = `${directory}/log`;
    await Bun.write(path, "");
    using application = new FakeApplication();
    const grace = "--termination-grace-period-seconds=1";
    const flag = `--termination-message-path=${path}`;
    await using sidecar = await startSidecar(application, grace, flag);
    await prestop(sidecar);
    expect(JSON.parse(await Bun.file(path).text())).toEqual({
      event: "begun",
      outcome: "unknown",
      complete: false,
      reason: "the end was cut short",
    });
    await eventually("running again", async () => (await sidecar.status()).phase === "running");
    expect(await Bun.file(path).text()).toBe("");
    sidecar.process.kill("SIGTERM");
    const begun = async () => (await Bun.file(path).text()).includes('"event":"begun"');
    await eventually("its beginning is told", begun);
    sidecar.process.kill("SIGKILL");
    await sidecar.process.ended();
    expect(await begun()).toBe(true);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("report: where there is no termination message file nobody complains", async () => {
  const path = "/nonexistent/termination-log";
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application, `--termination-message-path=${path}`);
  application.stop();
  await sidecar.signal();
  const { code } = await sidecar.ended();
  expect(code).toBe(0);
  const { stderr } = await sidecar.process.ended();
  expect(stderr).not.toContain("termination-log");
});

test("report: it is posted once to --report-url, after a word that the end has begun", async () => {
  const posted: { method: string; type: string | null; body: Report & { event: string } }[] = [];
  using receiver = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    reusePort: false,
    development: false,
    fetch: async (request) => {
      const body = (await request.json()) as Report & { event: string };
      posted.push({ method: request.method, type: request.headers.get("content-type"), body });
      return new Response(null, { status: 204 });
    },
  });
  const { report, code } = await deliver(
    { requests_total: 1 },
    `--report-url=${receiver.url.href}`,
  );
  expect(code).toBe(0);
  expect(posted.map(({ body }) => body.event)).toEqual(["begun", "ended"]);
  for (const { method, type } of posted)
    expect([method, type]).toEqual(["POST", "application/json"]);
  for (const field of FIELDS) expect(posted[1]?.body[field]).toEqual(report[field]);
});

test.each(["hangs", "refuses", "fails"])(
  "report: a --report-url that %s costs a second at most, and changes nothing",
  async (how) => {
    using receiver = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      reusePort: false,
      development: false,
      fetch: async () => {
        if (how === "hangs") await Bun.sleep(60_000);
        return new Response("no", { status: 500 });
      },
    });
    const url = receiver.url.href;
    if (how === "refuses") await receiver.stop(true);
    using application = new FakeApplication();
    await using sidecar = await startSidecar(application, `--report-url=${url}`);
    using scraper = new FakeScraper({ port: sidecar.port, keepAlive: false });
    await scraper.page();
    await sidecar.signal();
    application.increment("requests_total");
    await dies(application, sidecar);
    const servedMs = performance.now();
    await scraper.page();
    const { code, report, atMs } = await sidecar.ended();
    expect(code).toBe(0);
    expect(report.outcome).toBe("delivered");
    expect(atMs - servedMs).toBeLessThan(2000);
  },
);

test("status: it names each scraper, its phase and its captures", async () => {
  using application = new FakeApplication();
  await using sidecar = await startSidecar(application);
  const { port } = sidecar;
  using scraper = new FakeScraper({ port, localAddress: "127.0.0.2", keepAlive: false });
  await scraper.page();
  await Bun.sleep(100);
  await scraper.page();
  const { phase, scrapers, captures } = await sidecar.status();
  expect(phase).toBe("running");
  expect(captures).toMatchObject({ whole: 0, failed: 0, refused: 0 });
  expect(scrapers).toHaveLength(1);
  expect(scrapers[0]).toMatchObject({
    address: "127.0.0.2",
    user_agent: "Prometheus/3.5.0",
    active: true,
  });
  expect(scrapers[0]?.last_scrape_seconds_ago).toBeWithin(0, 5);
});
