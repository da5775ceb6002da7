/** Who scrapes this pod, when each one did last, and which answer each one has. */

/** A request that comes from a scraper, and what it asked for. */
export interface Scrape {
  /** Tells scrapers apart: address and User-Agent. */
  readonly id: string;
  /** The format it asked for, as `formatKey` writes it. */
  readonly format: string;
}

/** What is known of one scraper. Times are milliseconds of the monotonic clock. */
export interface Scraper {
  readonly id: string;
  readonly format: string;
  /** When its last whole answer ended. */
  readonly lastMs: number;
  /** The longest of its last three pauses, at least a second; `undefined` after the first scrape. */
  readonly intervalMs: number | undefined;
  /** How new the state of the application is that it has. */
  readonly asOfMs: number;
}

interface Slot extends Scrape {
  readonly index: number;
  /** The last pauses between two scrapes, newest last. */
  readonly pausesMs: readonly number[];
  readonly asOfMs: number;
}

/** More scrapers than any pod has; a flood of invented ones only pushes out the oldest. */
const MAX_SCRAPERS = 64;

/** Prometheus's default scrape interval, assumed of a scraper that was seen once. */
const DEFAULT_INTERVAL_MS = 60_000;

/**
 * Pauses remembered. The longest counts, because two servers behind one address show one short and
 * one long pause in turn, and a scrape by hand must not make the next regular one look overdue.
 */
const PAUSES = 3;

/** No regular scraper comes more often, whatever two scrapes in a row look like. */
const MIN_INTERVAL_MS = 1000;

/** A scraper that has missed this many of its intervals has stopped coming. */
const MISSED_INTERVALS = 3;

const NS_PER_MS = 1_000_000;

/**
 * A scraper by what only scrapers send: the scrape timeout header (Prometheus, the Prometheus Agent,
 * vmagent, OpenTelemetry, Alloy), or the User-Agent of one that is known. A probe, curl or a browser
 * is none.
 */
export function isScraper(headers: Headers): boolean {
  if (headers.has("x-prometheus-scrape-timeout-seconds")) return true;
  return /^(Prometheus|GrafanaAgent|Alloy|vmagent|vm_promscrape|otelcol)/i.test(
    headers.get("user-agent") ?? "",
  );
}

/** The scrapers that were seen. The one holder of state about them. */
export class Scrapers {
  /** Nanoseconds of the monotonic clock, one Int64 a scraper: readable from any thread, never torn. */
  readonly times = new BigInt64Array(new SharedArrayBuffer(8 * MAX_SCRAPERS));
  readonly #slots = new Map<string, Slot>();

  /** Remembers an answer that a scraper took whole. `asOfMs`: when the application was asked for it. */
  record(scrape: Scrape, at: { readonly nowMs: number; readonly asOfMs: number }): void {
    const before = this.#slots.get(scrape.id);
    const index = before?.index ?? this.#freeIndex();
    const pausesMs = before
      ? [...before.pausesMs, at.nowMs - this.#lastMs(before)].slice(-PAUSES)
      : [];
    const asOfMs = Math.max(before?.asOfMs ?? 0, at.asOfMs);
    this.#slots.set(scrape.id, { ...scrape, index, pausesMs, asOfMs });
    Atomics.store(this.times, index, BigInt(Math.round(at.nowMs * NS_PER_MS)));
  }

  /** Every scraper seen. */
  all(): readonly Scraper[] {
    return [...this.#slots.values()].map((slot) => ({
      id: slot.id,
      format: slot.format,
      lastMs: this.#lastMs(slot),
      intervalMs:
        slot.pausesMs.length > 0 ? Math.max(MIN_INTERVAL_MS, ...slot.pausesMs) : undefined,
      asOfMs: slot.asOfMs,
    }));
  }

  /** Those that are still expected to come back. */
  active(nowMs: number): readonly Scraper[] {
    return this.all().filter(
      ({ lastMs, intervalMs }) =>
        nowMs - lastMs <= MISSED_INTERVALS * (intervalMs ?? DEFAULT_INTERVAL_MS),
    );
  }

  #lastMs(slot: { readonly index: number }): number {
    return Number(Atomics.load(this.times, slot.index)) / NS_PER_MS;
  }

  #freeIndex(): number {
    if (this.#slots.size < MAX_SCRAPERS) return this.#slots.size;
    const oldest = [...this.#slots.values()].reduce((a, b) =>
      this.#lastMs(b) < this.#lastMs(a) ? b : a,
    );
    this.#slots.delete(oldest.id);
    return oldest.index;
  }
}
