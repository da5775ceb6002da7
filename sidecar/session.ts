/** The pod's end as it happens: feeds the state machine from hooks, signals, captures, deliveries and time. */
import {
  type CaptureOutcome,
  type Captures,
  type Format,
  formatKey,
  type Page,
} from "./capture.ts";
import { compare } from "./comparison.ts";
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
import type { Held, Scraper, Scrapers } from "./scrapers.ts";

export interface SessionOptions {
  readonly scrapers: Scrapers;
  readonly captures: Captures;
  readonly settings: DrainSettings;
  /** Pause between two rounds of captures, in milliseconds. */
  readonly captureIntervalMs: number;
  /** Labels with one of these paths count the scrapes themselves. */
  readonly metricsPaths: readonly string[];
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  readonly onPhase: (phase: Phase) => void;
  /** Told of each round of captures, with the time at which it began. */
  readonly onCapture: (outcome: CaptureOutcome, startedMs: number) => void;
}

/** An application spends at most a tenth of its time on captures: pause nine times what they took. */
const PAUSE_PER_WORK = 9;

/** However slow the application: its end has to be noticed in time to serve its last page. */
const MAX_PAUSE_MS = 2000;

/** The quickest of so many captures tells the application's work; one that was late tells of the machine. */
const LAST_CAPTURES = 3;

/** An application that hung once is asked again soon: what it counts afterwards is not captured yet. */
const MAX_PAUSE_AFTER_FAILURE_MS = 500;

/** How often time alone is looked at once the pod is ending, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** One run of the sidecar, from start to end. */
export class Session {
  readonly #options: SessionOptions;
  readonly #ended = Promise.withResolvers<DrainState>();
  #state: DrainState = RUNNING;
  #first = Promise.withResolvers<void>();
  #looking: ReturnType<typeof setInterval> | undefined;
  /** What was found of two pages, by the earlier one: comparing takes longer than looking. */
  #same = new WeakMap<Page, { readonly later: Page; readonly same: boolean }>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get phase(): Phase {
    return this.#state.phase;
  }

  /** The first sign of the pod's end, on the monotonic clock. */
  get firstSignMs(): number | undefined {
    return this.#state.firstSignMs;
  }

  /** Whether an application that fails now is covered by its newest whole page. */
  covers(failure: "refused" | "failed"): boolean {
    return covers(this.#state, failure, this.#options.nowMs());
  }

  /** A preStop hook was called: the pod may be ending. */
  prestop(): void {
    this.#dispatch({ kind: "prestop" });
  }

  /** Resolves when a round of captures was whole since the pod began to end. */
  async firstCapture(): Promise<void> {
    await this.#first.promise;
  }

  /** The pod is ending. Resolves when the sidecar may leave; calls after the first change nothing. */
  async end(): Promise<DrainState> {
    this.#dispatch({ kind: "signal" });
    return await this.#ended.promise;
  }

  /** One round of captures now, in whatever phase. */
  async capture(): Promise<CaptureOutcome> {
    const { captures, nowMs, onCapture } = this.#options;
    const startedMs = nowMs();
    const outcome = await captures.round();
    onCapture(outcome, startedMs);
    if (outcome === "whole" && this.phase !== "running") this.#first.resolve();
    this.#dispatch({ kind: "capture", outcome: outcome === "too_large" ? "failed" : outcome });
    return outcome;
  }

  /** An answer was sent whole to a scraper. */
  sent(scraper: string, format: Format): void {
    this.#options.captures.want(formatKey(format), format);
    this.#options.scrapers.sent(scraper, this.#options.nowMs());
  }

  /** A scraper has that page. */
  received(scraper: string, held: Held): void {
    const { firstSignMs = Number.POSITIVE_INFINITY } = this;
    this.#options.scrapers.received(scraper, held, held.page.asOfMs >= firstSignMs);
    this.#dispatch({ kind: "look" });
  }

  /** Whether a scraper has the newest page, an older one that does not differ from it, or neither. */
  standing({ held }: Scraper): "newest" | "unchanged" | "behind" {
    const { captures } = this.#options;
    if (held !== undefined && captures.isNewest(held.page)) return "newest";
    const page = held && captures.page(held.format);
    if (held === undefined || page === undefined) return "behind";
    if (held.page.asOfMs >= page.asOfMs) return "newest";
    // Only in FINAL: before, the application may yet count.
    const settled = this.phase === "final" || this.phase === "exit";
    return settled && this.#isSame(held, page) ? "unchanged" : "behind";
  }

  #isSame({ page: earlier, format }: Held, later: Page): boolean {
    const known = this.#same.get(earlier);
    if (known?.later === later) return known.same;
    const { captures, metricsPaths } = this.#options;
    const recent = captures.recent(format);
    const same = compare(earlier, later, { recent, metricsPaths })?.missed === 0;
    this.#same.set(earlier, { later, same });
    return same;
  }

  #facts(): DrainFacts {
    const { scrapers, captures, nowMs } = this.#options;
    const active = scrapers.active(nowMs());
    const standings = active.map((scraper) => this.standing(scraper));
    return {
      captured: captures.any,
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
    if (state.phase === "draining") {
      // Anew each time: a hook that a liveness probe called was another one's.
      this.#first = Promise.withResolvers();
      this.#looking ??= setInterval(() => this.#dispatch({ kind: "look" }), LOOK_EVERY_MS);
      void this.#captureWhileDraining();
    } else if (state.phase !== "final") {
      clearInterval(this.#looking);
      this.#looking = undefined;
    }
    if (state.phase === "exit") this.#ended.resolve(state);
  }

  async #captureWhileDraining(): Promise<void> {
    const { captureIntervalMs, nowMs } = this.#options;
    // Each start of draining has a loop of its own, so that none waits for the pause of an older one.
    const mine = this.#first;
    let tookMs: readonly number[] = [];
    while (this.phase === "draining" && this.#first === mine) {
      const startedMs = nowMs();
      const outcome = await this.capture();
      tookMs = [...tookMs, nowMs() - startedMs].slice(-LAST_CAPTURES);
      // A refusal costs the application nothing, since it is no longer there.
      const pauseMs = outcome === "refused" ? 0 : Math.min(...tookMs) * PAUSE_PER_WORK;
      const mostMs = outcome === "failed" ? MAX_PAUSE_AFTER_FAILURE_MS : MAX_PAUSE_MS;
      await Bun.sleep(Math.max(captureIntervalMs, Math.min(pauseMs, mostMs)));
    }
  }
}
