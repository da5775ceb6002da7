import { describe, expect, test } from "bun:test";
import { isScraper, Scrapers } from "./scrapers.ts";

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

describe("Scrapers", () => {
  const scrape = (id: string) => ({ id, format: "f" });

  test("keeps each scraper's time as an Int64 of nanoseconds in shared memory", () => {
    const scrapers = new Scrapers();
    scrapers.record(scrape("a"), { nowMs: 1234.5, asOfMs: 1234 });
    expect(scrapers.times.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Atomics.load(scrapers.times, 0)).toBe(1_234_500_000n);
  });

  test("learns the interval and forgets none of what the scraper has", () => {
    const scrapers = new Scrapers();
    scrapers.record(scrape("a"), { nowMs: 1000, asOfMs: 999 });
    scrapers.record(scrape("a"), { nowMs: 6000, asOfMs: 5999 });
    // A replayed page is older than the answer that the scraper had live.
    scrapers.record(scrape("a"), { nowMs: 11_000, asOfMs: 3000 });
    expect(scrapers.all()).toEqual([
      { id: "a", format: "f", lastMs: 11_000, intervalMs: 5000, asOfMs: 5999 },
    ]);
  });

  test("takes the longest of three pauses, so that a scrape by hand makes nobody overdue", () => {
    const scrapers = new Scrapers();
    for (const nowMs of [0, 15_000, 15_001, 30_000]) {
      scrapers.record(scrape("a"), { nowMs, asOfMs: nowMs });
    }
    expect(scrapers.all()[0]?.intervalMs).toBe(15_000);
  });

  test("never takes a scraper for one that comes more often than once a second", () => {
    const scrapers = new Scrapers();
    for (const nowMs of [0, 1, 2]) scrapers.record(scrape("a"), { nowMs, asOfMs: nowMs });
    expect(scrapers.active(3000)).toHaveLength(1);
  });

  test("counts a scraper as active for three of its intervals, or three minutes after its first scrape", () => {
    const scrapers = new Scrapers();
    scrapers.record(scrape("often"), { nowMs: 0, asOfMs: 0 });
    scrapers.record(scrape("often"), { nowMs: 5000, asOfMs: 5000 });
    scrapers.record(scrape("once"), { nowMs: 5000, asOfMs: 5000 });
    const active = (nowMs: number) => scrapers.active(nowMs).map(({ id }) => id);
    expect(active(20_000)).toEqual(["often", "once"]);
    expect(active(20_001)).toEqual(["once"]);
    expect(active(185_001)).toEqual([]);
  });

  test("a flood of invented scrapers pushes out the oldest and nothing grows", () => {
    const scrapers = new Scrapers();
    for (let i = 0; i < 1000; i++) scrapers.record(scrape(`s${i}`), { nowMs: i, asOfMs: i });
    const ids = scrapers.all().map(({ id }) => id);
    expect(ids).toHaveLength(64);
    expect(ids).toContain("s999");
    expect(ids).not.toContain("s935");
  });
});
