/**
 * When a pod's end is over: a pure state machine. Events with their time go in, a phase comes out.
 *
 * | phase | entered when | what the scraper gets |
 * |---|---|---|
 * | running | at start | the application's answer, or 502/504 |
 * | draining | SIGTERM or SIGINT | the application's answer; its newest whole page where it fails |
 * | final | the application's port has refused several times in a row | its newest whole page |
 * | exit | every active scraper has that page; or the deadline | nothing: the process ends with 0 |
 */

export type Phase = "running" | "draining" | "final" | "exit";

/**
 * Why the end was over: `delivered` every active scraper has the final page; `deadline` some were
 * missed; `never_scraped` nobody came until the deadline; `scrapers_gone` all had stopped coming;
 * `nothing_captured` the application was gone before its page could be kept.
 */
export type Outcome =
  | "delivered"
  | "deadline"
  | "never_scraped"
  | "scrapers_gone"
  | "nothing_captured";

export interface DrainState {
  readonly phase: Phase;
  /** Time at which the end is over in any case; set by the signal. */
  readonly deadlineMs: number | undefined;
  /** How often in a row the application's port has refused. */
  readonly refusals: number;
  readonly outcome: Outcome | undefined;
}

/** What is known besides the event itself. */
export interface DrainFacts {
  /** Whether any page was ever captured. */
  readonly captured: boolean;
  /** Scrapers seen, ever. */
  readonly known: number;
  /** Scrapers that are expected to come back. */
  readonly active: number;
  /** Active scrapers that do not have the newest page. */
  readonly unsatisfied: number;
}

export type DrainEvent =
  | { readonly kind: "signal" }
  | { readonly kind: "capture"; readonly outcome: "whole" | "failed" | "refused" }
  /** A scraper took an answer whole, or time has passed. */
  | { readonly kind: "look" };

export interface DrainSettings {
  /** From the signal to the end, in milliseconds: the grace period less a margin. */
  readonly budgetMs: number;
  /** Refusals in a row that mean that the application is gone. */
  readonly refusalsUntilGone: number;
}

export const RUNNING: DrainState = {
  phase: "running",
  deadlineMs: undefined,
  refusals: 0,
  outcome: undefined,
};

/** The state after an event. */
export function step(
  state: DrainState,
  event: DrainEvent & { readonly atMs: number; readonly facts: DrainFacts },
  settings: DrainSettings,
): DrainState {
  const next = settle(advance(state, event, settings), event.facts);
  const late = next.deadlineMs !== undefined && event.atMs >= next.deadlineMs;
  return late && next.phase !== "exit" ? exit(next, outcomeAtDeadline(event.facts)) : next;
}

/** The grace period less what the process needs to leave: a second, or a third of a short period. */
export function budgetMs(gracePeriodSeconds: number): number {
  return gracePeriodSeconds * 1000 - Math.min(1000, (gracePeriodSeconds * 1000) / 3);
}

function advance(
  state: DrainState,
  event: DrainEvent & { readonly atMs: number },
  settings: DrainSettings,
): DrainState {
  if (event.kind === "signal" && state.phase === "running") {
    return { ...state, phase: "draining", deadlineMs: event.atMs + settings.budgetMs };
  }
  if (event.kind === "capture" && state.phase === "draining") {
    const refusals = event.outcome === "refused" ? state.refusals + 1 : 0;
    const gone = refusals >= settings.refusalsUntilGone;
    return { ...state, refusals, phase: gone ? "final" : "draining" };
  }
  return state;
}

/** FINAL ends as soon as nobody is left to wait for. */
function settle(state: DrainState, facts: DrainFacts): DrainState {
  if (state.phase !== "final") return state;
  if (!facts.captured) return exit(state, "nothing_captured");
  if (facts.known === 0) return state;
  if (facts.active === 0) return exit(state, "scrapers_gone");
  return facts.unsatisfied === 0 ? exit(state, "delivered") : state;
}

function outcomeAtDeadline(facts: DrainFacts): Outcome {
  if (facts.known === 0) return "never_scraped";
  return facts.active > 0 && facts.unsatisfied === 0 ? "delivered" : "deadline";
}

function exit(state: DrainState, outcome: Outcome): DrainState {
  return { ...state, phase: "exit", outcome };
}
