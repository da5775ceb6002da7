/** Who scrapes this pod, when each one did last, and which page each one has. */
import type { Page } from "./pages.ts";

/** Who asks. */
export interface Client {
  readonly address: string;
  readonly userAgent: string;
  /** Tells TCP connections from that address apart: the client's port. */
  readonly connection: number;
}

/** A page that a scraper has, and in which format it asked for it. */
export interface Held {
  readonly page: Page;
  /** As `formatKey` writes it. */
  readonly format: string;
}

/** One answer that was sent whole. */
export interface Delivery {
  readonly nowMs: number;
  readonly held: Held | undefined;
  /** Whether the pod was ending. */
  readonly ending: boolean;
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
  /** The newest page that it was sent before the pod began to end. */
  readonly before: Held | undefined;
}

interface Slot {
  readonly id: string;
  readonly index: number;
  readonly address: string;
  readonly userAgent: string;
  readonly ordinal: number;
  connection: number;
  /** The connections before this one, which were taken for ended when another came, each with its last scrape. */
  readonly replaced: Map<number, number>;
  scrapes: number;
  /** The last pauses between two scrapes, newest last. */
  pausesMs: readonly number[];
  held: Held | undefined;
  before: Held | undefined;
}

/** More scrapers than any pod has; a flood of invented ones only pushes out the oldest. */
const MAX_SCRAPERS = 64;

/** Connections of one scraper that may still come back. */
const MAX_REPLACED = 16;

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
  readonly #expected: number;
  readonly #slots = new Map<string, Slot>();
  /** Spares a look through all slots; what is in it is looked at again. */
  readonly #byConnection = new Map<string, Slot>();

  /** `expected`: so many that share address and User-Agent are told apart from their first scrapes on. */
  constructor(expected = 0) {
    this.#expected = expected;
  }

  /**
   * Which scraper a client is. Of those that share address and User-Agent, a connection that is known tells;
   * a new one belongs to the scraper whose next scrape is nearest. Where a connection comes back that was
   * taken for ended, the one that took its place is another's.
   */
  identify(client: Client, nowMs: number): string {
    const { address, userAgent, connection } = client;
    const key = `${address} ${connection} ${userAgent}`;
    const last = this.#byConnection.get(key);
    if (last?.connection === connection && this.#slots.has(last.id)) return last.id;
    const slot = this.#find(client, nowMs);
    if (this.#byConnection.size > 4 * MAX_SCRAPERS) this.#byConnection.clear();
    this.#byConnection.set(key, slot);
    return slot.id;
  }

  #find(client: Client, nowMs: number): Slot {
    const same = [...this.#slots.values()].filter(
      ({ address, userAgent }) => address === client.address && userAgent === client.userAgent,
    );
    const { connection } = client;
    const known = same.find((slot) => slot.connection === connection);
    if (known !== undefined) return known;
    const back = same.find(({ replaced }) => replaced.has(connection));
    if (back !== undefined) return this.#split(back, connection, same);
    const slot = this.#nearest(same, nowMs) ?? this.#create(client, nextOrdinal(same));
    if (slot.connection !== connection) {
      slot.replaced.set(slot.connection, this.#lastMs(slot));
      const [oldest] = slot.replaced.keys();
      if (slot.replaced.size > MAX_REPLACED && oldest !== undefined) slot.replaced.delete(oldest);
      slot.connection = connection;
    }
    return slot;
  }

  /** Gives the scraper its connection back, and the one that has its place now to a scraper of its own. */
  #split(slot: Slot, connection: number, same: readonly Slot[]): Slot {
    const other = this.#create(slot, nextOrdinal(same));
    other.scrapes = 1;
    this.#setLast(other, this.#lastMs(slot));
    this.#setLast(slot, slot.replaced.get(connection) ?? 0);
    slot.replaced.delete(connection);
    slot.connection = connection;
    // What was learned was of two: neither has its pauses, and nobody knows which one has the page.
    slot.pausesMs = [];
    slot.held = undefined;
    slot.before = undefined;
    return slot;
  }

  /**
   * The one whose next scrape is nearest to now, of those that were not here less than half an interval ago;
   * where all were, whoever has waited longest, unless more are expected than were seen.
   */
  #nearest(slots: readonly Slot[], nowMs: number): Slot | undefined {
    const waited = (slot: Slot) => nowMs - this.#lastMs(slot);
    // Of one that came once no interval is known: it comes after those that are due.
    const off = (slot: Slot) =>
      slot.pausesMs.length === 0 ? Infinity : Math.abs(waited(slot) - intervalOf(slot.pausesMs));
    const [longest] = slots.toSorted((a, b) => waited(b) - waited(a));
    const [nearest] = slots
      .filter((slot) => waited(slot) >= intervalOf(slot.pausesMs) / 2)
      .toSorted((a, b) => off(a) - off(b) || waited(b) - waited(a));
    return nearest ?? (slots.length < this.#expected ? undefined : longest);
  }

  /** An answer was sent whole to a scraper, with a page unless that was too large to be kept. */
  sent(id: string, { nowMs, held, ending }: Delivery): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    if (!ending) slot.before = held;
    if (slot.scrapes > 0) {
      slot.pausesMs = [...slot.pausesMs, nowMs - this.#lastMs(slot)].slice(-PAUSES);
    }
    slot.scrapes++;
    this.#setLast(slot, nowMs);
  }

  /** A scraper has that page, by that connection. */
  received(id: string, held: Held, connection: number): void {
    const slot = this.#slots.get(id);
    // A connection that has turned out to be another scraper's says nothing of this one.
    if (slot?.connection !== connection && !slot?.replaced.has(connection)) return;
    slot.held = newer(slot.held, held);
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

  #create({ address, userAgent, connection }: Client, ordinal: number): Slot {
    const base = `${address} ${userAgent}`.trimEnd();
    const id = ordinal === 1 ? base : `${base} #${ordinal}`;
    const slot: Slot = {
      id,
      index: this.#freeIndex(),
      address,
      userAgent,
      ordinal,
      connection,
      replaced: new Map(),
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
    const [oldest] = [...this.#slots.values()].toSorted(
      (a, b) => this.#lastMs(a) - this.#lastMs(b),
    );
    if (oldest === undefined) return 0;
    this.#slots.delete(oldest.id);
    return oldest.index;
  }

  #setLast({ index }: Slot, ms: number): void {
    Atomics.store(this.times, index, BigInt(Math.round(ms * NS_PER_MS)));
  }

  #lastMs({ index }: Slot): number {
    return Number(Atomics.load(this.times, index)) / NS_PER_MS;
  }
}

function intervalOf(pausesMs: readonly number[]): number {
  return Math.max(MIN_INTERVAL_MS, ...pausesMs);
}

function nextOrdinal(slots: readonly Slot[]): number {
  return 1 + Math.max(0, ...slots.map(({ ordinal }) => ordinal));
}

function describe({ id, address, userAgent, pausesMs, held, before }: Slot) {
  const intervalMs = pausesMs.length > 0 ? intervalOf(pausesMs) : undefined;
  return { id, address, userAgent, intervalMs, held, before };
}

function newer(a: Held | undefined, b: Held): Held {
  return a !== undefined && a.page.asOfMs > b.page.asOfMs ? a : b;
}
