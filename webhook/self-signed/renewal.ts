/** What the replicas share, and the time -> what has to be made or dropped next, and when to look again. Pure. */
import { AUTHORITY_LIFE_MS, SERVING_LIFE_MS } from "./issue.ts";
import { type Authority, type Serving, type State, signed } from "./state.ts";

/**
 * How long a new authority is only trusted before it signs what is served, and an old one is trusted
 * after it has signed nothing that is served any more. API servers read a changed caBundle within seconds;
 * an hour also covers one that is restarting, and a replica that has not seen the new Secret yet.
 */
export const OVERLAP_MS = 3_600_000;

/** Why something is made anew. */
export type Reason = "missing" | "unreadable" | "expired" | "expires_soon" | "names" | "not_signed";

export type Action =
  | { readonly kind: "authority"; readonly reason: Reason }
  | { readonly kind: "serving"; readonly reason: Reason; readonly authority: Authority }
  | { readonly kind: "drop"; readonly authorities: readonly Authority[] }
  | { readonly kind: "keep"; readonly untilMs: number };

/** Renewed when a third of its life is left: months for whoever has to notice that it fails. */
const SHARE_LEFT = 1 / 3;

export interface Circumstances {
  readonly nowMs: number;
  /** Since when API servers are known to trust an authority, if they do. */
  readonly trustedSinceMs: (authority: Authority) => number | undefined;
  /** DNS names that the serving certificate must have. */
  readonly names: readonly string[];
  /** Whether the Secret was there. */
  readonly found: boolean;
}

/** The next thing to do; to be asked again with what came of it until it says `keep`. */
export function nextAction(state: State, circumstances: Circumstances): Action {
  const { nowMs } = circumstances;
  const able = state.authorities.filter(({ key, endsMs }) => key !== undefined && endsMs > nowMs);
  const [newest] = able;
  if (newest === undefined) return { kind: "authority", reason: lack(state, circumstances) };

  const authority = issuerOf(able, state, circumstances) ?? newest;
  const fault = servingFault(state, circumstances);
  if (fault !== undefined) return { kind: "serving", reason: fault, authority };
  if (endsSoon(newest, AUTHORITY_LIFE_MS, nowMs)) {
    return { kind: "authority", reason: "expires_soon" };
  }
  if (state.serving && isWorthRenewing(state.serving, authority, circumstances)) {
    return { kind: "serving", reason: "expires_soon", authority };
  }
  const kept = state.authorities.filter(
    (one) => one === newest || isNeeded(one, state, circumstances),
  );
  if (kept.length < state.authorities.length) return { kind: "drop", authorities: kept };
  return { kind: "keep", untilMs: dueMs(newest, state, nowMs) };
}

/**
 * The newest authority that everybody trusts by now. Until one is known to be: the one that signs already,
 * or the oldest that is trusted at all.
 */
function issuerOf(
  able: readonly Authority[],
  { serving }: State,
  circumstances: Circumstances,
): Authority | undefined {
  return (
    able.find((one) => isSettled(one, circumstances)) ??
    able.find((one) => serving && signed(one, serving.x509)) ??
    able.findLast((one) => circumstances.trustedSinceMs(one) !== undefined)
  );
}

/** Whether every API server has had it for the overlap. */
function isSettled(authority: Authority, { trustedSinceMs, nowMs }: Circumstances): boolean {
  const sinceMs = trustedSinceMs(authority);
  return sinceMs !== undefined && sinceMs + OVERLAP_MS <= nowMs;
}

function lack({ authorities }: State, { nowMs, found }: Circumstances): Reason {
  if (!found) return "missing";
  return authorities.some(({ endsMs }) => endsMs <= nowMs) ? "expired" : "unreadable";
}

/** Why the serving certificate cannot be served at all. */
function servingFault(state: State, { nowMs, names, found }: Circumstances): Reason | undefined {
  const { serving, authorities } = state;
  if (serving === undefined) return found ? "unreadable" : "missing";
  if (serving.endsMs <= nowMs) return "expired";
  const trusted = authorities.filter(({ endsMs }) => endsMs > nowMs);
  if (!trusted.some((one) => signed(one, serving.x509))) return "not_signed";
  return names.every((name) => serving.x509.checkHost(name) !== undefined) ? undefined : "names";
}

/**
 * A certificate of an authority that ends itself, or that not everybody trusts yet, would be no better: then
 * the next one is waited for.
 */
function isWorthRenewing(
  serving: Serving,
  authority: Authority,
  circumstances: Circumstances,
): boolean {
  if (!endsSoon(serving, SERVING_LIFE_MS, circumstances.nowMs)) return false;
  if (authority.endsMs <= serving.endsMs) return false;
  return signed(authority, serving.x509) || isSettled(authority, circumstances);
}

function endsSoon({ endsMs }: Authority | Serving, lifeMs: number, nowMs: number): boolean {
  return endsMs - nowMs <= lifeMs * SHARE_LEFT;
}

/**
 * An older authority is trusted until it has expired, or has long signed nothing that is served: where the
 * next one could not be published, what it has signed is not served either.
 */
function isNeeded(one: Authority, state: State, circumstances: Circumstances): boolean {
  const { serving, authorities } = state;
  const { nowMs } = circumstances;
  if (one.endsMs <= nowMs) return false;
  if (serving === undefined || signed(one, serving.x509)) return true;
  const signer = authorities.find((other) => signed(other, serving.x509));
  const isReplaced = signer !== undefined && isSettled(signer, circumstances);
  return !isReplaced || serving.madeMs + OVERLAP_MS > nowMs;
}

function dueMs(newest: Authority, { serving, authorities }: State, nowMs: number): number {
  const moments = [newest.endsMs - AUTHORITY_LIFE_MS * SHARE_LEFT, newest.madeMs + OVERLAP_MS];
  if (serving) {
    moments.push(serving.endsMs - SERVING_LIFE_MS * SHARE_LEFT, serving.madeMs + OVERLAP_MS);
  }
  moments.push(...authorities.map(({ endsMs }) => endsMs));
  return Math.min(...moments.filter((moment) => moment > nowMs));
}
