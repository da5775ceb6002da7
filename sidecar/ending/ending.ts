/** The pod's end as it happens: feeds the state machine from hooks, signals, captures, receipts and time. */
import type { Capture, CaptureOutcome, Capturer } from "./capture.ts";
import { compare } from "./comparison.ts";
import type { Peer } from "./connections.ts";
import {
  covers,
  type DrainEvent,
  type DrainFacts,
  type DrainSettings,
  type DrainState,
  type Phase,
  RUNNING,
  step,
} from "./drain.ts";
import { type Format, formatKey, type Page, type Pages } from "./pages.ts";
import type { Seen } from "./receipts.ts";
import type { Held, Scraper, Scrapers } from "./scrapers.ts";
import type { Handed, ReceiptWatch } from "./watch.ts";

export interface EndingOptions {
  readonly scrapers: Scrapers;
  readonly pages: Pages;
  readonly capturer: Capturer;
  readonly receipts: ReceiptWatch;
  readonly settings: DrainSettings;
  /** Labels with one of these paths count the scrapes themselves. */
  readonly metricsPaths: readonly string[];
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  readonly onPhase: (phase: Phase) => void;
  /** Told of each capture, and of each round of captures that was asked for singly. */
  readonly onCapture: (capture: Capture) => void;
}

/** An answer that was handed over whole. */
export interface Sent {
  readonly peer: Peer;
  readonly scraper: string;
  /** Nothing where it was too large to be kept. */
  readonly page: Page | undefined;
  readonly format: Format;
  /** Whether the application gave it just then. */
  readonly isLive: boolean;
  /** What the kernel knew of the connection before; nothing where the client cannot have it. */
  readonly seen: Seen | undefined;
}

/** How often time alone is looked at once the pod is ending, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** One run of the sidecar, from start to end. */
export class Ending {
  readonly #options: EndingOptions;
  readonly #ended = Promise.withResolvers<DrainState>();
  #state: DrainState = RUNNING;
  #first = Promise.withResolvers<void>();
  #flushedMs: number | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  /** What was found of two pages, by the earlier one: comparing takes longer than looking. */
  #same = new WeakMap<Page, { readonly later: Page; readonly same: boolean }>();

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  get phase(): Phase {
    return this.#state.phase;
  }

  /** The first sign of the pod's end, on the monotonic clock. */
  get firstSignMs(): number | undefined {
    return this.#state.firstSignMs;
  }

  /** When the application last asked for a flush that brought every format. */
  get flushedMs(): number | undefined {
    return this.#flushedMs;
  }

  /** Whether an application that fails now is covered by its newest whole page. */
  covers(failure: "refused" | "failed"): boolean {
    return covers(this.#state, failure, this.#options.nowMs());
  }

  /** A preStop hook was called: the pod may be ending. */
  prestop(): void {
    this.#dispatch({ kind: "prestop" });
  }

  /** Resolves when every format was captured since the pod began to end. */
  async firstCapture(): Promise<void> {
    await this.#first.promise;
  }

  /** The pod is ending. Resolves when the sidecar may leave; calls after the first change nothing. */
  async end(): Promise<DrainState> {
    this.#dispatch({ kind: "signal" });
    return await this.#ended.promise;
  }

  /** The application asks for its page to be captured now, in whatever phase. */
  async flush(): Promise<CaptureOutcome> {
    const askedMs = this.#options.nowMs();
    const outcome = await this.captureOnce();
    if (outcome === "whole") this.#flushedMs = askedMs;
    return outcome;
  }

  /** One capture of every format now. */
  async captureOnce(): Promise<CaptureOutcome> {
    const outcome = await this.#options.capturer.once();
    this.#options.onCapture({ outcome, gapSeconds: undefined });
    return outcome;
  }

  /** A capture was made while the pod ends. */
  captured(capture: Capture): void {
    const { pages, onCapture } = this.#options;
    onCapture(capture);
    const { firstSignMs = Number.POSITIVE_INFINITY } = this;
    const fresh = (format: Format) => (pages.page(formatKey(format))?.asOfMs ?? 0) >= firstSignMs;
    if (capture.outcome === "whole" && pages.wanted().every(fresh)) this.#first.resolve();
    const outcome = capture.outcome === "too_large" ? "failed" : capture.outcome;
    this.#dispatch({ kind: "capture", outcome });
  }

  /** An answer was handed over whole to a scraper. */
  sent({ peer, scraper, page, format, isLive, seen }: Sent): void {
    const { pages, scrapers, capturer, receipts, nowMs } = this.#options;
    const key = formatKey(format);
    const held = page && { page, format: key };
    pages.want(key, format);
    scrapers.sent(scraper, { nowMs: nowMs(), held, ending: this.phase !== "running" });
    capturer.follow();
    if (held === undefined || page === undefined) return;
    // While the pod ends, what a scraper got live is as good as a capture, and newer; before, it is what
    // covers an application that hangs from its SIGTERM on.
    if (isLive && this.phase === "running") pages.keep(key, page);
    else if (isLive) pages.capture(key, page, nowMs() - page.asOfMs);
    if (seen !== undefined) receipts.handed({ peer, scraper, held }, seen);
  }

  /** A scraper has that page. */
  received({ scraper, held, peer }: Handed): void {
    this.#options.scrapers.received(scraper, held, peer.port);
    this.#dispatch({ kind: "look" });
  }

  /** Whether a scraper has the newest page, an older one that does not differ from it, or neither. */
  standing({ held }: Scraper): "newest" | "unchanged" | "behind" {
    const { pages } = this.#options;
    if (held !== undefined && pages.isNewest(held.page)) return "newest";
    const page = held && pages.page(held.format);
    if (held === undefined || page === undefined) return "behind";
    if (held.page.asOfMs >= page.asOfMs) return "newest";
    // Only in FINAL: before, the application may yet count.
    const settled = this.phase === "final" || this.phase === "exit";
    return settled && this.#isSame(held, page) ? "unchanged" : "behind";
  }

  #isSame({ page: earlier, format }: Held, later: Page): boolean {
    const known = this.#same.get(earlier);
    if (known?.later === later) return known.same;
    const { pages, metricsPaths } = this.#options;
    const recent = pages.recent(format);
    const same = compare(earlier, later, { recent, metricsPaths })?.missed === 0;
    this.#same.set(earlier, { later, same });
    return same;
  }

  #facts(): DrainFacts {
    const { scrapers, pages, nowMs } = this.#options;
    const active = scrapers.active(nowMs());
    const standings = active.map((scraper) => this.standing(scraper));
    return {
      captured: pages.captured,
      known: scrapers.all().length,
      active: active.length,
      satisfied: standings.filter((standing) => standing !== "behind").length,
      unchanged: standings.filter((standing) => standing === "unchanged").length,
    };
  }

  #dispatch(event: DrainEvent): void {
    const { nowMs, settings, onPhase } = this.#options;
    const before = this.#state.phase;
    // Most scrapes happen while nothing ends: no facts are gathered for those.
    if (before === "running" && event.kind !== "signal" && event.kind !== "prestop") return;
    const next = step(this.#state, { ...event, atMs: nowMs(), facts: this.#facts() }, settings);
    this.#state = next;
    if (next.phase === before) return;
    onPhase(next.phase);
    this.#follow(next);
    // Only FINAL looks whether pages differ, and may find at once that nobody waits.
    if (next.phase === "final") this.#dispatch({ kind: "look" });
  }

  #follow(state: DrainState): void {
    const { pages, capturer, receipts } = this.#options;
    if (state.phase === "draining") {
      // Anew each time: a hook that a liveness probe called was another one's.
      this.#first = Promise.withResolvers();
      this.#looking ??= setInterval(() => this.#dispatch({ kind: "look" }), LOOK_EVERY_MS);
      pages.begin();
      receipts.begin();
      capturer.begin();
      return;
    }
    capturer.stop();
    if (state.phase === "final") return;
    receipts.stop();
    clearInterval(this.#looking);
    this.#looking = undefined;
    if (state.phase === "exit") this.#ended.resolve(state);
  }
}
