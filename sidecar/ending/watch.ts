/** Answers that were handed over while the pod ends, or last before it -> told of when they were received. */
import type { Logger } from "../../shared/log.ts";
import { countResets, keyOf, lookAt, type Peer, type Row, type Table } from "./connections.ts";
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
  readonly look?: (peers: readonly Peer[], where: { readonly port: number }) => Promise<Table>;
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
const PAUSES_MS = [1, 1, 1, 1, 1] as const;
const PAUSE_MS = 9;
const LATE_PAUSE_MS = 50;
const LATE_MS = 2000;
const PAUSE_PER_WORK = 9;
const LONGEST_PAUSE_MS = 1000;

/** Answers of one scraper that are followed at once. */
const MAX_PER_SCRAPER = 4;

const GONE: Row = { state: "GONE", unacknowledged: 0, inode: 0 };

/** The one holder of answers whose receipt is not known. While the pod lives it only remembers the last of each scraper. */
export class ReceiptWatch {
  readonly #options: WatchOptions;
  #undecided: readonly Undecided[] = [];
  #ending = false;
  #looking = false;
  #readable = true;
  #tookMs: readonly number[] = [];
  #looks = 0;
  #wake = () => {};

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** An answer was handed over whole. */
  handed(handed: Handed): void {
    const most = this.#ending ? MAX_PER_SCRAPER : 1;
    const others = this.#undecided.filter(({ scraper }) => scraper !== handed.scraper);
    const own = this.#undecided.filter(({ scraper }) => scraper === handed.scraper);
    const kept = most > 1 ? own.slice(1 - most) : [];
    this.#undecided = [...others, ...kept, this.#follow(handed)];
    if (this.#ending) this.#start();
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
    this.#start();
  }

  /** The pod lives on, or has ended. */
  stop(): void {
    this.#ending = false;
  }

  #follow(handed: Handed): Undecided {
    const resets = this.#ending ? this.#resets() : undefined;
    return {
      ...handed,
      handedMs: this.#options.nowMs(),
      // Of one that was handed over before the end, nothing was seen until the first look.
      seen: { ...unseen(resets ?? -1), waiting: resets === undefined ? 2 : 0 },
      askedAgain: false,
      closeMs: undefined,
    };
  }

  #resets(): number | undefined {
    try {
      return countResets();
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  #start(): void {
    if (!this.#readable) this.#takeAll();
    this.#looks = 0;
    this.#wake();
    if (this.#looking || this.#undecided.length === 0) return;
    this.#looking = true;
    void this.#run().finally(() => {
      this.#looking = false;
    });
  }

  async #run(): Promise<void> {
    for (; this.#ending && this.#readable; this.#looks++) {
      // What was handed over in this turn of the event loop reaches the kernel at its end.
      await Bun.sleep(1);
      const peers = this.#undecided.map(({ peer }) => peer);
      if (peers.length === 0) return;
      const newest = Math.max(...this.#undecided.map(({ handedMs }) => handedMs));
      await this.#look(peers);
      await this.#pause(newest);
    }
  }

  /** Until the next look is due, or sooner where another answer was handed over and looks are cheap. */
  async #pause(newestMs: number): Promise<void> {
    const workMs = Math.min(LONGEST_PAUSE_MS, PAUSE_PER_WORK * Math.min(...this.#tookMs));
    const late = this.#options.nowMs() - newestMs > LATE_MS;
    const pauseMs = PAUSES_MS[this.#looks] ?? (late ? LATE_PAUSE_MS : PAUSE_MS);
    const woken = Promise.withResolvers<void>();
    const timer = setTimeout(woken.resolve, Math.max(pauseMs, workMs));
    if (workMs < PAUSE_MS) this.#wake = woken.resolve;
    await woken.promise;
    clearTimeout(timer);
  }

  async #look(peers: readonly Peer[]): Promise<void> {
    const { nowMs, port, look = lookAt } = this.#options;
    const startedMs = nowMs();
    try {
      const table = await look(peers, { port: port() });
      this.#tookMs = [...this.#tookMs, nowMs() - startedMs].slice(-3);
      const looked = new Set(peers.map(keyOf));
      for (const one of this.#undecided) {
        // One that was handed over meanwhile may be newer than the table.
        if (looked.has(keyOf(one.peer)) && one.handedMs < startedMs) this.#decide(one, table);
      }
    } catch (error) {
      this.#giveUp(error);
      this.#takeAll();
    }
  }

  #decide(one: Undecided, { rows, resetsBefore, resetsAfter }: Table): void {
    const row = rows.get(keyOf(one.peer)) ?? GONE;
    const ageMs = this.#options.nowMs() - one.handedMs;
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
