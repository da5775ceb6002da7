/** Who scrapes this pod, when each one did last, and which page each one has. */
import type { Page } from "./capture.ts";

/** Who asks. */
export interface Client {
  readonly address: string;
  readonly userAgent: string;
  /** Number of the TCP connection. */
  readonly connection: number;
}

/** A page that a scraper has, and in which format it asked for it. */
export interface Held {
  readonly page: Page;
  /** As `formatKey` writes it. */
  readonly format: string;
}

/** What is known of one scraper. Times are milliseconds of the monotonic clock. */
export interface Scraper {
  /** Address and User-Agent, and a number where several share them. */
  readonly id: string;
  readonly address: string;
  readonly userAgent: string;
  /** When its last whole answer ended. */
  readonly lastMs: number;
  /** The longest of its last three pauses, at least a second; `undefined` after the first scrape. */
  readonly intervalMs: number | undefined;
  /** The newest page that it is known to have. */
  readonly held: Held | undefined;
  /** The newest page that it had before the pod began to end. */
  readonly before: Held | undefined;
}

interface Slot {
  readonly id: string;
  readonly index: number;
  readonly address: string;
  readonly userAgent: string;
  readonly ordinal: number;
  connection: number | undefined;
  scrapes: number;
  /** The last pauses between two scrapes, newest last. */
  pausesMs: readonly number[];
  held: Held | undefined;
  before: Held | undefined;
}

/** More scrapers than any pod has; a flood of invented ones only pushes out the oldest. */
const MAX_SCRAPERS = 64;

/** Prometheus's default scrape interval, assumed of a scraper that was seen once. */
const DEFAULT_INTERVAL_MS = 60_000;

/**
 * Pauses remembered. The longest counts, because two servers that are not told apart show one short
 * and one long pause in turn, and a scrape by hand must not make the next regular one look overdue.
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
  readonly #byConnection = new Map<number, Slot>();

  /**
   * Which scraper a client is. Servers that share address and User-Agent are told apart by their open
   * connections; a new connection belongs to the one without a connection that is overdue longest.
   */
  identify(client: Client): string {
    const known = this.#byConnection.get(client.connection);
    if (known !== undefined) return known.id;
    const same = [...this.#slots.values()].filter(
      ({ address, userAgent }) => address === client.address && userAgent === client.userAgent,
    );
    const free = same.filter(({ connection }) => connection === undefined);
    const slot = this.#oldest(free) ?? this.#create(client, nextOrdinal(same));
    slot.connection = client.connection;
    this.#byConnection.set(client.connection, slot);
    return slot.id;
  }

  /** A connection has ended. */
  gone(connection: number): void {
    const slot = this.#byConnection.get(connection);
    if (slot !== undefined) slot.connection = undefined;
    this.#byConnection.delete(connection);
  }

  /** An answer was sent whole to a scraper. */
  sent(id: string, nowMs: number): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    if (slot.scrapes > 0) {
      slot.pausesMs = [...slot.pausesMs, nowMs - this.#lastMs(slot)].slice(-PAUSES);
    }
    slot.scrapes++;
    Atomics.store(this.times, slot.index, BigInt(Math.round(nowMs * NS_PER_MS)));
  }

  /** A scraper has that page; `ending` if it was asked for after the pod began to end. */
  received(id: string, held: Held, ending: boolean): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    slot.held = newer(slot.held, held);
    if (!ending) slot.before = newer(slot.before, held);
  }

  /**
   * Every scraper that was ever sent an answer. One that shares its address and User-Agent with another
   * counts from its second scrape on: until then it may be the other one on a new connection.
   */
  all(): readonly Scraper[] {
    return [...this.#slots.values()]
      .filter(({ scrapes, ordinal }) => scrapes >= (ordinal === 1 ? 1 : 2))
      .map((slot) => ({ ...describe(slot), lastMs: this.#lastMs(slot) }));
  }

  /** Those that are still expected to come back. */
  active(nowMs: number): readonly Scraper[] {
    return this.all().filter(
      ({ lastMs, intervalMs }) =>
        nowMs - lastMs <= MISSED_INTERVALS * (intervalMs ?? DEFAULT_INTERVAL_MS),
    );
  }

  #create({ address, userAgent }: Client, ordinal: number): Slot {
    const base = `${address} ${userAgent}`.trimEnd();
    const id = ordinal === 1 ? base : `${base} #${ordinal}`;
    const slot: Slot = {
      id,
      index: this.#freeIndex(),
      address,
      userAgent,
      ordinal,
      connection: undefined,
      scrapes: 0,
      pausesMs: [],
      held: undefined,
      before: undefined,
    };
    this.#slots.set(id, slot);
    Atomics.store(this.times, slot.index, 0n);
    return slot;
  }

  #freeIndex(): number {
    const used = new Set([...this.#slots.values()].map(({ index }) => index));
    for (let index = 0; index < MAX_SCRAPERS; index++) if (!used.has(index)) return index;
    const oldest = this.#oldest([...this.#slots.values()]);
    if (oldest === undefined) return 0;
    this.#slots.delete(oldest.id);
    if (oldest.connection !== undefined) this.#byConnection.delete(oldest.connection);
    return oldest.index;
  }

  #oldest(slots: readonly Slot[]): Slot | undefined {
    const [first, ...rest] = slots;
    return rest.reduce((a, b) => (a && this.#lastMs(b) < this.#lastMs(a) ? b : a), first);
  }

  #lastMs({ index }: Slot): number {
    return Number(Atomics.load(this.times, index)) / NS_PER_MS;
  }
}

function nextOrdinal(slots: readonly Slot[]): number {
  return 1 + Math.max(0, ...slots.map(({ ordinal }) => ordinal));
}

function describe({ id, address, userAgent, pausesMs, held, before }: Slot) {
  const intervalMs = pausesMs.length > 0 ? Math.max(MIN_INTERVAL_MS, ...pausesMs) : undefined;
  return { id, address, userAgent, intervalMs, held, before };
}

function newer(a: Held | undefined, b: Held): Held {
  return a !== undefined && a.page.asOfMs > b.page.asOfMs ? a : b;
}
