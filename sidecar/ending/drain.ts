/**
 * When a pod's end is over: a pure state machine. Events with their time go in, a phase comes out.
 *
 * | phase | entered when | what a scraper gets |
 * |---|---|---|
 * | running | at start; a preStop that no SIGTERM followed | the application's answer, or 502/504 |
 * | draining | preStop, SIGTERM or SIGINT | the application's answer; its newest whole page where {@link covers} says so |
 * | final | after the signal, the application's port refused several times in a row | its newest whole page |
 * | exit | every active scraper has that page; nobody is left to wait for; or the deadline | nothing: the process ends with 0 |
 */

export type Phase = "running" | "draining" | "final" | "exit";

/**
 * Why the end was over: `delivered` every active scraper has the final page; `unchanged` nothing has
 * changed since what each has; `deadline` some were missed; `never_scraped` nobody came in time;
 * `scrapers_gone` all had stopped coming; `nothing_captured` the application was gone before its page
 * could be kept.
 */
export type Outcome =
  | "delivered"
  | "unchanged"
  | "deadline"
  | "never_scraped"
  | "scrapers_gone"
  | "nothing_captured";

/** All times are milliseconds of the monotonic clock. */
export interface DrainState {
  readonly phase: Phase;
  /** The first sign of the end: preStop or signal. */
  readonly firstSignMs: number | undefined;
  /** Whether SIGTERM or SIGINT was seen. */
  readonly signalled: boolean;
  /** When the end is over in any case. */
  readonly deadlineMs: number | undefined;
  /** How often in a row the application's port has refused, and since when. */
  readonly refusals: number;
  readonly refusingSinceMs: number | undefined;
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
  /** Active scrapers that have the newest page, or one that does not differ from it. */
  readonly satisfied: number;
  /** Those of them that have an older page that does not differ. */
  readonly unchanged: number;
}

export type DrainEvent =
  | { readonly kind: "prestop" }
  | { readonly kind: "signal" }
  | { readonly kind: "capture"; readonly outcome: "whole" | "failed" | "refused" }
  /** A scraper took an answer, or time has passed. */
  | { readonly kind: "look" };

/** An event with its time and what was known then. */
export type Dated = DrainEvent & { readonly atMs: number; readonly facts: DrainFacts };

/** Durations in milliseconds. */
export interface DrainSettings {
  /** The pod's grace period. */
  readonly graceMs: number;
  /** From the first sign to the end: the grace period less a margin. */
  readonly budgetMs: number;
  /** Refusals in a row that mean that the application is gone. */
  readonly refusalsUntilGone: number;
  /** Scrapers to wait for, however many are told apart; 0: those that are. */
  readonly expectedScrapers: number;
  /** Until when, on the clock, a first scrape may still come. */
  readonly unscrapedUntilMs: number;
}

export const RUNNING: DrainState = {
  phase: "running",
  firstSignMs: undefined,
  signalled: false,
  deadlineMs: undefined,
  refusals: 0,
  refusingSinceMs: undefined,
  outcome: undefined,
};

/**
 * A native sidecar gets SIGTERM when the grace period is used up, and SIGKILL two seconds later
 * (KEP-753): less than that is left for the end.
 */
const LAST_MOMENT_MS = 1500;

/** How long after the grace period a preStop still counts: the kubelet is no more exact than this. */
const PRESTOP_SLACK_MS = 5000;

/** How long a refusing application is covered while no signal has come: SIGTERM may be on its way. */
const COVER_WITHOUT_SIGNAL_MS = 2000;

/** The grace period less what the process needs to leave: a second, or a third of a short period. */
export function budgetMs(graceMs: number): number {
  return graceMs - Math.min(1000, graceMs / 3);
}

/** The state after an event. */
export function step(state: DrainState, event: Dated, settings: DrainSettings): DrainState {
  if (state.phase === "exit") return state;
  const next = settle(advance(state, event, settings), event, settings);
  if (next.phase === "running" || next.phase === "exit") return next;
  if (!next.signalled) {
    const over = (next.firstSignMs ?? event.atMs) + settings.graceMs + PRESTOP_SLACK_MS;
    return event.atMs >= over ? RUNNING : next;
  }
  const late = event.atMs >= (next.deadlineMs ?? Number.POSITIVE_INFINITY);
  return late ? exit(next, outcomeAtDeadline(event.facts, settings)) : next;
}

/**
 * Whether an application that fails now is covered by its newest whole page: never while the pod lives.
 * After a preStop alone only one that refuses is, and not for long.
 */
export function covers(state: DrainState, failure: "refused" | "failed", atMs: number): boolean {
  if (state.phase === "running" || state.phase === "exit") return false;
  if (state.signalled) return true;
  return failure === "refused" && atMs - (state.refusingSinceMs ?? atMs) <= COVER_WITHOUT_SIGNAL_MS;
}

function advance(state: DrainState, event: Dated, settings: DrainSettings): DrainState {
  switch (event.kind) {
    case "prestop":
      return state.phase === "running" ? begin(state, event.atMs, settings) : state;
    case "signal":
      return signal(state, event.atMs, settings);
    case "capture":
      return state.phase === "draining" ? capture(state, event, settings) : state;
    case "look":
      return state;
  }
}

function begin(state: DrainState, atMs: number, { budgetMs: budget }: DrainSettings): DrainState {
  return { ...state, phase: "draining", firstSignMs: atMs, deadlineMs: atMs + budget };
}

function signal(state: DrainState, atMs: number, settings: DrainSettings): DrainState {
  if (state.signalled) return state;
  const begun = state.phase === "running" ? begin(state, atMs, settings) : state;
  const deadlineMs = Math.max(begun.deadlineMs ?? 0, atMs + LAST_MOMENT_MS);
  // A period shorter than the last moment has no room for it.
  const capped = Math.min(deadlineMs, atMs + settings.budgetMs);
  return finalIfGone({ ...begun, signalled: true, deadlineMs: capped }, settings);
}

function capture(
  state: DrainState,
  { outcome, atMs }: { outcome: "whole" | "failed" | "refused"; atMs: number },
  settings: DrainSettings,
): DrainState {
  if (outcome === "refused") {
    const refusingSinceMs = state.refusingSinceMs ?? atMs;
    return finalIfGone({ ...state, refusals: state.refusals + 1, refusingSinceMs }, settings);
  }
  // It was restarted, and the pod lives on: a liveness probe had called the preStop hook.
  const back = outcome === "whole" && state.refusingSinceMs !== undefined && !state.signalled;
  return back ? RUNNING : { ...state, refusals: 0, refusingSinceMs: undefined };
}

function finalIfGone(state: DrainState, { refusalsUntilGone }: DrainSettings): DrainState {
  return state.signalled && state.refusals >= refusalsUntilGone
    ? { ...state, phase: "final" }
    : state;
}

/** FINAL ends as soon as nobody is left to wait for. */
function settle(state: DrainState, { facts, atMs }: Dated, settings: DrainSettings): DrainState {
  if (state.phase !== "final") return state;
  if (!facts.captured) return exit(state, "nothing_captured");
  if (satisfied(facts, settings))
    return exit(state, facts.unchanged > 0 ? "unchanged" : "delivered");
  if (facts.known === 0) {
    return atMs >= settings.unscrapedUntilMs ? exit(state, "never_scraped") : state;
  }
  const awaited = settings.expectedScrapers > facts.known || facts.active > 0;
  return awaited ? state : exit(state, "scrapers_gone");
}

function satisfied(facts: DrainFacts, { expectedScrapers }: DrainSettings): boolean {
  return facts.satisfied >= Math.max(1, facts.active, expectedScrapers);
}

function outcomeAtDeadline(facts: DrainFacts, settings: DrainSettings): Outcome {
  if (facts.known === 0) return "never_scraped";
  return facts.captured && satisfied(facts, settings) ? "delivered" : "deadline";
}

function exit(state: DrainState, outcome: Outcome): DrainState {
  return { ...state, phase: "exit", outcome };
}
