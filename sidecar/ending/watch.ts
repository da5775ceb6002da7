/** Answers that were handed over while the pod ends, or last before it -> told of when they were received. */
import type { Logger } from "../../shared/log.ts";
import { keyOf, lookAt, type Peer, type Row, type Table } from "./connections.ts";
import { judge, remember, type Seen, unseen } from "./receipts.ts";
import type { Held } from "./scrapers.ts";

/** An answer that went out whole. */
export interface Handed {
  readonly peer: Peer;
  readonly scraper: string;
  readonly held: Held;
}

export interface WatchOptions {
  /** The port that we listen on. */
  readonly port: () => number;
  /** Sends our FIN on every connection that carries no request. */
  readonly closeIdle: () => void;
  readonly onReceived: (handed: Handed) => void;
  readonly log: Logger;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  /** The kernel's tables; a test gives its own. */
  readonly look?: (peers: readonly Peer[], port: number) => Table;
}

interface Undecided extends Handed {
  readonly handedMs: number;
  seen: Seen;
  askedAgain: boolean;
  /** When our FIN may go out at the earliest, once everything is acknowledged; and anew if it did not. */
  closeMs: number | undefined;
}

/** A client that closes by itself does so at once: only one that does not is sent our FIN. */
const CLOSE_AFTER_MS = 80;

/** A connection that carried a request just then is asked to close once more. */
const CLOSE_AGAIN_MS = 500;

/** Looks follow each other so closely at first, then less, and never cost more than a tenth of a core. */
const FIRST_PAUSES_MS = [2, 2, 2, 2, 2] as const;
const PAUSE_MS = 10;
const LATE_PAUSE_MS = 50;
const LATE_MS = 2000;
const PAUSE_PER_WORK = 9;
const LONGEST_PAUSE_MS = 1000;

/** Looks that take no longer are made around each answer as well. */
const CHEAP_MS = 20;

/** Answers of one scraper that are followed at once. */
const MAX_PER_SCRAPER = 4;

/** Scrapers whose last answer before the end is followed: more than any pod has. */
const MAX_FOLLOWED = 64;

/** Of an answer around which nobody looked, only looks at ESTABLISHED count. */
const UNKNOWN: Seen = { ...unseen(-1), state: "OTHER", waiting: 1 };

const GONE: Row = { state: "GONE", unacknowledged: 0, inode: 0 };

/** The one holder of answers whose receipt is not known. While the pod lives it only remembers the last of each scraper. */
export class ReceiptWatch {
  readonly #options: WatchOptions;
  /** The last answer to each scraper while the pod lives. */
  readonly #last = new Map<string, Undecided>();
  #undecided: readonly Undecided[] = [];
  #ending = false;
  #looking = false;
  #readable = true;
  #tookMs: readonly number[] = [];
  #looks = 0;
  #lookedMs = 0;
  #wake = () => {};

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /**
   * An answer begins to be sent: what there is to know before that, while the pod ends. Nothing where nobody
   * looks, or where the client has ended its side already and so will have none of it.
   */
  sending(peer: Peer): Seen | undefined {
    if (!this.#ending || !this.#isCheap) return UNKNOWN;
    const table = this.#read([peer]);
    const open = table?.rows.get(keyOf(peer))?.state === "ESTABLISHED";
    if (table === undefined) return UNKNOWN;
    return open ? unseen(table.resetsBefore) : undefined;
  }

  /** An answer was handed over whole; `seen` is what {@link sending} gave. */
  handed(handed: Handed, seen: Seen): void {
    const { peer, scraper, held } = handed;
    const handedMs = this.#options.nowMs();
    const one = { peer, scraper, held, handedMs, seen, askedAgain: false, closeMs: undefined };
    if (!this.#ending) {
      this.#last.delete(scraper);
      this.#last.set(scraper, one);
      const [oldest] = this.#last.keys();
      if (this.#last.size > MAX_FOLLOWED && oldest !== undefined) this.#last.delete(oldest);
      return;
    }
    const others = this.#undecided.filter((other) => other.scraper !== scraper);
    const own = this.#undecided.filter((other) => other.scraper === scraper);
    this.#undecided = [...others, ...own.slice(1 - MAX_PER_SCRAPER), one];
    this.#start();
    if (!this.#isCheap && this.#options.nowMs() < this.#lookedMs + this.#workMs) return;
    // The bytes go when this turn of the event loop is over, those of a stream with the next.
    const followed = this.#undecided.slice(-1);
    setImmediate(() => setImmediate(() => this.#look(followed)));
  }

  /** A scraper asks, on that connection: what it was answered there before has arrived. */
  asked(peer: Peer): void {
    if (!this.#ending) return;
    for (const one of this.#undecided) {
      if (keyOf(one.peer) === keyOf(peer)) one.askedAgain = true;
    }
  }

  /** The pod begins to end: from now on the kernel is asked. */
  begin(): void {
    this.#ending = true;
    this.#undecided = [...this.#last.values()];
    this.#last.clear();
    this.#start();
  }

  /** The pod lives on, or has ended. */
  stop(): void {
    this.#ending = false;
    this.#undecided = [];
  }

  get #isCheap(): boolean {
    return this.#readable && (this.#tookMs.length === 0 || Math.min(...this.#tookMs) <= CHEAP_MS);
  }

  /** The pause that keeps looks to a tenth of a core. */
  get #workMs(): number {
    const tookMs = this.#tookMs.length === 0 ? 0 : Math.min(...this.#tookMs);
    return Math.min(LONGEST_PAUSE_MS, PAUSE_PER_WORK * tookMs);
  }

  #start(): void {
    if (!this.#readable) this.#takeAll();
    this.#looks = 0;
    this.#wake();
    if (this.#looking || this.#undecided.length === 0) return;
    void this.#run();
  }

  async #run(): Promise<void> {
    this.#looking = true;
    while (this.#ending && this.#readable && this.#undecided.length > 0) {
      await this.#pause();
      const nowMs = this.#options.nowMs();
      // What was handed over in this turn of the event loop may not be in the kernel yet.
      this.#look(this.#undecided.filter(({ handedMs }) => handedMs < nowMs - 1));
    }
    // In the turn in which the loop ends: an answer that is handed over in the next one begins another.
    this.#looking = false;
  }

  /** Until the next look is due, or sooner where another answer was handed over and looks are cheap. */
  async #pause(): Promise<void> {
    const newestMs = Math.max(...this.#undecided.map(({ handedMs }) => handedMs));
    const late = this.#options.nowMs() - newestMs > LATE_MS;
    const pauseMs = FIRST_PAUSES_MS[this.#looks++] ?? (late ? LATE_PAUSE_MS : PAUSE_MS);
    const woken = Promise.withResolvers<void>();
    const timer = setTimeout(woken.resolve, Math.max(pauseMs, this.#workMs));
    if (this.#isCheap) this.#wake = woken.resolve;
    await woken.promise;
    clearTimeout(timer);
  }

  #look(undecided: readonly Undecided[]): void {
    if (undecided.length === 0 || !this.#ending) return;
    const atMs = this.#options.nowMs();
    const table = this.#read(undecided.map(({ peer }) => peer));
    if (table === undefined) {
      this.#takeAll();
      return;
    }
    for (const one of undecided) {
      if (this.#undecided.includes(one)) this.#decide(one, table, atMs);
    }
  }

  #read(peers: readonly Peer[]): Table | undefined {
    const { nowMs, port, look = lookAt } = this.#options;
    const startedMs = nowMs();
    try {
      const table = look(peers, port());
      this.#lookedMs = nowMs();
      this.#tookMs = [...this.#tookMs, this.#lookedMs - startedMs].slice(-3);
      return table;
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  #decide(one: Undecided, { rows, resetsBefore, resetsAfter }: Table, atMs: number): void {
    const row = rows.get(keyOf(one.peer)) ?? GONE;
    const ageMs = atMs - one.handedMs;
    const look = { ...row, resetsBefore, resetsAfter, ageMs, askedAgain: one.askedAgain };
    const verdict = judge(one.seen, look);
    if (verdict !== "not yet") {
      this.#undecided = this.#undecided.filter((other) => other !== one);
      if (verdict === "received") this.#options.onReceived(one);
      return;
    }
    one.seen = remember(one.seen, look);
    if (row.state === "ESTABLISHED" && row.unacknowledged === 0) this.#close(one);
  }

  #close(one: Undecided): void {
    const { nowMs, closeIdle } = this.#options;
    one.closeMs ??= Math.max(nowMs(), one.handedMs + CLOSE_AFTER_MS);
    if (nowMs() < one.closeMs) return;
    one.closeMs = nowMs() + CLOSE_AGAIN_MS;
    closeIdle();
  }

  #giveUp(error: unknown): void {
    if (this.#readable) {
      this.#options.log.warn(
        "The kernel's connection table cannot be read, so an answer that was handed over whole is taken for received",
        { error },
      );
    }
    this.#readable = false;
  }

  /** Nothing better is known of them than that they were handed over. */
  #takeAll(): void {
    const all = this.#undecided;
    this.#undecided = [];
    for (const one of all) this.#options.onReceived(one);
  }
}
