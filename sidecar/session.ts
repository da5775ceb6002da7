/** The pod's end as it happens: feeds the state machine from signals, captures, deliveries and time. */
import type { Captures, Format, Page } from "./capture.ts";
import type { DrainEvent, DrainFacts, DrainSettings, DrainState, Phase } from "./drain.ts";
import { RUNNING, step } from "./drain.ts";
import type { Scrape, Scraper, Scrapers } from "./scrapers.ts";

export interface SessionOptions {
  readonly scrapers: Scrapers;
  readonly captures: Captures;
  readonly settings: DrainSettings;
  /** Pause between two rounds of captures, in milliseconds. */
  readonly captureIntervalMs: number;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  readonly onPhase: (phase: Phase) => void;
  readonly onCapture: (outcome: "whole" | "failed" | "refused") => void;
}

/** An application spends at most a tenth of its time on captures: pause nine times what they took. */
const PAUSE_PER_WORK = 9;

/** How often time alone is looked at once the pod is ending, in milliseconds. */
const LOOK_EVERY_MS = 50;

/** One run of the sidecar, from start to end. */
export class Session {
  readonly #options: SessionOptions;
  readonly #ended = Promise.withResolvers<DrainState>();
  #state: DrainState = RUNNING;
  #signalledAtMs: number | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get phase(): Phase {
    return this.#state.phase;
  }

  /** When the signal came, on the monotonic clock. */
  get signalledAtMs(): number | undefined {
    return this.#signalledAtMs;
  }

  /** Whether a failing application is covered by its newest whole page: only once the pod is ending. */
  get covering(): boolean {
    return this.phase === "draining" || this.phase === "final";
  }

  /** The pod is ending. Resolves when the sidecar may leave; calls after the first change nothing. */
  async end(): Promise<DrainState> {
    if (this.#signalledAtMs === undefined) {
      this.#signalledAtMs = this.#options.nowMs();
      this.#dispatch({ kind: "signal" });
      const looking = setInterval(() => this.#dispatch({ kind: "look" }), LOOK_EVERY_MS);
      void this.#ended.promise.finally(() => clearInterval(looking));
      void this.#captureUntilGone();
    }
    return await this.#ended.promise;
  }

  /** A scraper took an answer whole that was as new as `asOfMs`. */
  delivered(scrape: Scrape, format: Format, asOfMs: number): void {
    this.#options.captures.want(format);
    this.#options.scrapers.record(scrape, { nowMs: this.#options.nowMs(), asOfMs });
    this.#dispatch({ kind: "look" });
  }

  /** Active scrapers without the newest page. */
  missed(): readonly Scraper[] {
    const { scrapers, captures, nowMs } = this.#options;
    return scrapers.active(nowMs()).filter((scraper) => {
      const page: Page | undefined = captures.page(scraper.format);
      return page !== undefined && scraper.asOfMs < page.asOfMs;
    });
  }

  #facts(): DrainFacts {
    const { scrapers, captures, nowMs } = this.#options;
    return {
      captured: captures.any,
      known: scrapers.all().length,
      active: scrapers.active(nowMs()).length,
      unsatisfied: this.missed().length,
    };
  }

  #dispatch(event: DrainEvent): void {
    const { nowMs, settings, onPhase } = this.#options;
    const before = this.#state.phase;
    if (before === "exit" || (before === "running" && event.kind !== "signal")) return;
    this.#state = step(this.#state, { ...event, atMs: nowMs(), facts: this.#facts() }, settings);
    if (this.#state.phase !== before) onPhase(this.#state.phase);
    if (this.#state.phase === "exit") this.#ended.resolve(this.#state);
  }

  async #captureUntilGone(): Promise<void> {
    const { captures, captureIntervalMs, nowMs, onCapture } = this.#options;
    while (this.phase === "draining") {
      const startedMs = nowMs();
      const outcome = await captures.round();
      onCapture(outcome);
      this.#dispatch({ kind: "capture", outcome });
      const tookMs = nowMs() - startedMs;
      // A refusal costs the application nothing, since it is no longer there.
      const pauseMs = outcome === "refused" ? 0 : tookMs * PAUSE_PER_WORK;
      await Bun.sleep(Math.max(captureIntervalMs, pauseMs));
    }
  }
}
