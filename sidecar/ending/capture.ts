/** Asks the application for every format while the pod ends, and keeps the newest whole page of each. */
import { readBody } from "../body.ts";
import { responseHeaders } from "../headers.ts";
import { type Asked, type Upstream, UpstreamUnreachable } from "../upstream.ts";
import { learn, type Pace, patienceMs, pauseMs, UNKNOWN_PACE } from "./pace.ts";
import { type Format, formatKey, type Pages } from "./pages.ts";

/**
 * How a capture went: `refused` nothing listens on the port any more, `too_large` the page was larger than
 * the limit, `failed` anything else but a whole 200.
 */
export type CaptureOutcome = "whole" | "failed" | "refused" | "too_large";

export interface CaptureOptions {
  readonly upstream: Upstream;
  readonly timeoutMs: number;
  /** Largest page that is kept, in bytes as encoded. */
  readonly maxBytes: number;
  /** How the sidecar names itself to the application. */
  readonly userAgent: string;
  /** Pause between two captures, in milliseconds. */
  readonly intervalMs: number;
  readonly pages: Pages;
  readonly nowMs: () => number;
  /** Told of each capture while the pod ends. */
  readonly onCapture: (capture: Capture) => void;
}

export interface Capture {
  readonly outcome: CaptureOutcome;
  /** Seconds between the times at which this whole page and the one before it were asked for. */
  readonly gapSeconds: number | undefined;
}

/** Headers that ask for less than the whole page (RFC 9110, 13 and 14). */
const PARTIAL = [
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
];

/** As many at once of one format: one that takes much longer than usual, and the one that overtakes it. */
const AT_ONCE = 2;

/** One capture under way. */
interface Flight {
  readonly asOfMs: number;
  readonly asked: Asked;
  /** When something of it came last. */
  movedMs: number;
  landed: Promise<CaptureOutcome>;
}

/** Captures, one after the other while the pod ends, and singly at any time. */
export class Capturer {
  readonly #options: CaptureOptions;
  /** The loop of each format that runs, by the format's key. */
  readonly #loops = new Set<string>();
  /** Another object for each time that the pod begins to end. */
  #ending: object | undefined;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** The pod begins to end: each format is captured again and again, those to come as well. */
  begin(): void {
    this.#ending = {};
    this.#loops.clear();
    this.follow();
  }

  /** No further capture is begun. */
  stop(): void {
    this.#ending = undefined;
  }

  /** Starts the loop of each format that has none; nothing unless the pod ends. */
  follow(): void {
    if (this.#ending === undefined) return;
    for (const format of this.#options.pages.wanted()) {
      const key = formatKey(format);
      if (this.#loops.has(key)) continue;
      this.#loops.add(key);
      void this.#loop(format, this.#ending);
    }
  }

  /** Asks for every format once, now. The worst of the outcomes; never throws. */
  async once(): Promise<CaptureOutcome> {
    const flights = this.#options.pages.wanted().map((format) => this.#launch(format));
    const outcomes = await Promise.all(flights.map(({ landed }) => landed));
    const worst = outcomes.find((outcome) => outcome !== "whole");
    if (worst === undefined || outcomes.every((outcome) => outcome === worst))
      return worst ?? "whole";
    return outcomes.includes("too_large") ? "too_large" : "failed";
  }

  async #loop(format: Format, ending: object): Promise<void> {
    const { intervalMs, nowMs, pages } = this.#options;
    const state: LoopState = { flights: new Set(), pace: UNKNOWN_PACE };
    while (this.#ending === ending && pages.isWanted(format)) {
      await this.#makeRoom(state, format);
      const flight = this.#launch(format);
      state.flights.add(flight);
      const landed = flight.landed.then((outcome) => {
        state.flights.delete(flight);
        if (outcome === "whole") state.pace = learn(state.pace, nowMs() - flight.asOfMs);
        if (this.#ending === ending) this.#tell(format, outcome);
        return outcome;
      });
      const isLate = await this.#isLate(flight, landed, patienceMs(state.pace, intervalMs));
      // One that is late is overtaken at once, and one that failed cost little: the port may have closed.
      if (isLate) continue;
      const isWhole = (await landed) === "whole";
      await Bun.sleep(isWhole ? pauseMs(state.pace, intervalMs) : intervalMs);
    }
    for (const { asked } of state.flights) asked.abort();
  }

  /** Whether nothing of a capture came for so long. A large page that keeps coming is left its time. */
  async #isLate(flight: Flight, landed: Promise<unknown>, patience: number): Promise<boolean> {
    for (;;) {
      const leftMs = flight.movedMs + patience - this.#options.nowMs();
      if (leftMs <= 0) return true;
      const late = Bun.sleep(leftMs).then(() => true);
      if (!(await Promise.race([landed.then(() => false), late]))) return false;
    }
  }

  /** Waits until another capture may begin; one that a newer page has made useless gives way. */
  async #makeRoom({ flights }: LoopState, format: Format): Promise<void> {
    if (flights.size < AT_ONCE) return;
    const newestMs = this.#options.pages.page(formatKey(format))?.asOfMs ?? 0;
    for (const { asOfMs, asked } of flights) if (asOfMs < newestMs) asked.abort();
    await Promise.race([...flights].map(({ landed }) => landed));
  }

  #tell(format: Format, outcome: CaptureOutcome): void {
    const { pages, onCapture } = this.#options;
    const gapMs = outcome === "whole" ? pages.gapsMs(formatKey(format)).at(-1) : undefined;
    onCapture({ outcome, gapSeconds: gapMs === undefined ? undefined : gapMs / 1000 });
  }

  #launch(format: Format): Flight {
    const { upstream, timeoutMs, userAgent, nowMs } = this.#options;
    const asOfMs = nowMs();
    const headers = new Headers(format.headers);
    headers.set("user-agent", userAgent);
    // A capture is the whole page or nothing.
    for (const name of PARTIAL) headers.delete(name);
    const asked = upstream.ask({ method: "GET", path: format.path, headers, timeoutMs });
    const flight: Flight = { asOfMs, asked, movedMs: asOfMs, landed: Promise.resolve("failed") };
    flight.landed = this.#land(format, flight);
    return flight;
  }

  async #land(format: Format, flight: Flight): Promise<CaptureOutcome> {
    const { pages, maxBytes, nowMs } = this.#options;
    const { asked, asOfMs } = flight;
    const onChunk = () => {
      flight.movedMs = nowMs();
    };
    const key = formatKey(format);
    try {
      const response = await asked.response;
      onChunk();
      const read =
        response.status === 200 ? await readBody(response, maxBytes, onChunk) : undefined;
      if (read?.kind === "whole") {
        asked.end();
        const headers = responseHeaders(response.headers, false);
        pages.capture(key, { bytes: read.bytes, headers, asOfMs }, nowMs() - asOfMs);
        return "whole";
      }
      asked.abort();
      pages.spoiled(key);
      return read === undefined ? "failed" : "too_large";
    } catch (error) {
      asked.abort();
      const refused = error instanceof UpstreamUnreachable && error.fault === "refused";
      if (refused) pages.refused(nowMs());
      return refused ? "refused" : "failed";
    }
  }
}

interface LoopState {
  readonly flights: Set<Flight>;
  pace: Pace;
}
