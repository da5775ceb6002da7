import { describe, expect, test } from "bun:test";
import { type Client, type Held, isScraper, Scrapers } from "./scrapers.ts";

describe("isScraper()", () => {
  test.each([
    [{ "user-agent": "Prometheus/2.42.0" }, true],
    [{ "user-agent": "vm_promscrape" }, true],
    [{ "user-agent": "curl/8", "x-prometheus-scrape-timeout-seconds": "10" }, true],
    [{ "user-agent": "curl/8.5.0" }, false],
    [{ "user-agent": "kube-probe/1.32" }, false],
    [{}, false],
  ])("%p: %p", (headers, expected) => {
    expect(isScraper(new Headers(headers))).toBe(expected);
  });
});

const client = (connection: number, address = "10.0.0.1"): Client => ({
  address,
  userAgent: "Prometheus/3",
  connection,
});
const held = (asOfMs: number): Held => ({
  format: "f",
  page: { asOfMs, headers: new Headers(), bytes: new Uint8Array() },
});
const ids = (scrapers: Scrapers) => scrapers.all().map(({ id }) => id);

const at = (nowMs: number) => ({ nowMs, held: undefined, ending: false });

/** A scrape on a connection at a time. */
function scrape(scrapers: Scrapers, connection: number, nowMs: number): string {
  const id = scrapers.identify(client(connection), nowMs);
  scrapers.sent(id, at(nowMs));
  return id;
}

describe("Scrapers", () => {
  test("keep each scraper's time as an Int64 of nanoseconds in shared memory", () => {
    const scrapers = new Scrapers();
    scrape(scrapers, 1, 1234.5);
    expect(scrapers.times.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Atomics.load(scrapers.times, 0)).toBe(1_234_500_000n);
  });

  test("take the longest of three pauses, so that a scrape by hand makes nobody overdue", () => {
    const scrapers = new Scrapers();
    for (const nowMs of [0, 15_000, 15_001, 30_000]) scrape(scrapers, 1, nowMs);
    expect(scrapers.all()[0]?.intervalMs).toBe(15_000);
  });

  test("never take a scraper for one that comes more often than once a second", () => {
    const scrapers = new Scrapers();
    for (const nowMs of [0, 1, 2]) scrape(scrapers, 1, nowMs);
    expect(scrapers.active(3000)).toHaveLength(1);
  });

  test("count a scraper as active for three of its intervals, or three minutes after its first scrape", () => {
    const scrapers = new Scrapers();
    scrape(scrapers, 1, 0);
    scrape(scrapers, 1, 5000);
    const once = scrapers.identify(client(2, "10.0.0.2"), 5000);
    scrapers.sent(once, at(5000));
    const active = (nowMs: number) => scrapers.active(nowMs).map(({ address }) => address);
    expect(active(20_000)).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(active(20_001)).toEqual(["10.0.0.2"]);
    expect(active(185_001)).toEqual([]);
  });

  test("tell servers with one address apart once the connection of the first comes back", () => {
    const scrapers = new Scrapers();
    for (const nowMs of [0, 15_000, 30_000]) {
      scrape(scrapers, 1, nowMs);
      scrape(scrapers, 2, nowMs + 7000);
    }
    expect(ids(scrapers)).toEqual(["10.0.0.1 Prometheus/3", "10.0.0.1 Prometheus/3 #2"]);
    expect(scrapers.all().map(({ intervalMs }) => intervalMs)).toEqual([15_000, 15_000]);
  });

  test("take a new connection for the server whose next scrape is nearest", () => {
    const scrapers = new Scrapers();
    for (const nowMs of [0, 15_000, 30_000]) {
      scrape(scrapers, 1, nowMs);
      scrape(scrapers, 2, nowMs + 7000);
    }
    expect(scrape(scrapers, 3, 45_000)).toBe("10.0.0.1 Prometheus/3");
    expect(scrape(scrapers, 4, 52_000)).toBe("10.0.0.1 Prometheus/3 #2");
    expect(ids(scrapers)).toHaveLength(2);
  });

  test.each([
    [0, 1],
    [2, 2],
  ])(
    "of %d expected tell %d apart that come at once, on new connections each time",
    (expected, told) => {
      const scrapers = new Scrapers(expected);
      for (const nowMs of [0, 5000]) {
        scrape(scrapers, nowMs + 1, nowMs);
        scrape(scrapers, nowMs + 2, nowMs + 5);
      }
      expect(ids(scrapers)).toHaveLength(told);
    },
  );

  test("do not wait for a second server that was seen on one connection once", () => {
    const scrapers = new Scrapers();
    scrape(scrapers, 1, 0);
    scrape(scrapers, 2, 100);
    expect(ids(scrapers)).toEqual(["10.0.0.1 Prometheus/3"]);
  });

  test("know the newest page that a scraper has, whichever receipt came last", () => {
    const scrapers = new Scrapers();
    const id = scrape(scrapers, 1, 0);
    scrapers.received(id, held(9000), 1);
    scrapers.received(id, held(3000), 1);
    expect(scrapers.all()[0]?.held?.page.asOfMs).toBe(9000);
  });

  test("credit nobody with what went to a connection that has turned out to be another's", () => {
    const scrapers = new Scrapers();
    const id = scrape(scrapers, 1, 0);
    scrape(scrapers, 2, 7000);
    scrape(scrapers, 1, 15_000);
    scrapers.received(id, held(7000), 2);
    expect(scrapers.all().map((scraper) => scraper.held)).toEqual([undefined]);
  });

  test("keep the last page that was sent before the end", () => {
    const scrapers = new Scrapers();
    const id = scrapers.identify(client(1), 0);
    scrapers.sent(id, { nowMs: 0, held: held(1), ending: false });
    scrapers.sent(id, { nowMs: 5000, held: held(2), ending: true });
    expect(scrapers.all()[0]?.before?.page.asOfMs).toBe(1);
  });

  test("are not flooded: invented ones push out the oldest and nothing grows", () => {
    const scrapers = new Scrapers();
    for (let i = 1; i <= 1000; i++) {
      const id = scrapers.identify(client(i, `10.0.${i >> 8}.${i & 255}`), i);
      scrapers.sent(id, at(i));
    }
    expect(ids(scrapers)).toHaveLength(64);
    expect(ids(scrapers)).toContain("10.0.3.232 Prometheus/3");
  });
});
