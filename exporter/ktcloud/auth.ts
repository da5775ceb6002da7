/** Account and password -> a token that is still valid, asked for once and shared by all callers. */
import { isObject, readAnswer } from "./answer.ts";
import { ApiError } from "./errors.ts";
import type { Exchange, Reply } from "./exchange.ts";
import { MAX_RETRY_AFTER_MS } from "./pacer.ts";

/** Who asks. Neither is ever logged. */
export interface Credentials {
  readonly account: string;
  readonly password: string;
}

export interface TokenSourceOptions {
  /** `{base}/{zone prefix}`. */
  readonly zoneUrl: string;
  readonly credentials: Credentials;
  /** After a refused login no other is tried for this long; doubled with each refusal, in ms. */
  readonly holdMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicNow: () => number;
  /** Sends one request and counts it. Throws {@link ApiError}. */
  readonly send: (request: Exchange) => Promise<Reply>;
  /** Called once for each token that was issued. */
  readonly onToken: () => void;
}

/** The token of one zone and account. */
export interface TokenSource {
  /** The current token, or a new one. Throws {@link ApiError}. */
  current(): Promise<string>;
  /**
   * A token other than the refused one, or `undefined` if that one was itself a replacement made
   * only just now: a cloud that refuses those too would otherwise cost a login for every call.
   * Throws {@link ApiError}.
   */
  replace(refused: string): Promise<string | undefined>;
}

interface Token {
  readonly text: string;
  /** From then on a new one is asked for. */
  readonly renewAtMs: number;
  /** Until then this one is good, where no new one can be had. */
  readonly endsAtMs: number;
}

const MINUTE_MS = 60_000;
/** Refreshed this long before its end (contract 2.3). */
const MARGIN_MS = 5 * MINUTE_MS;
/** A token lives 60 minutes; whatever `expires_at` says, none is used longer than this (contract 2.3). */
const MAX_USE_MS = 55 * MINUTE_MS;
/** No token is renewed sooner: a life shorter than that is a clock misread, and would cost a login a call. */
const MIN_USE_MS = 1000;
/** Whether repeated refusals lock an account is not documented (contract 2.5), so attempts grow rare. */
const MAX_HOLD_MS = 15 * MINUTE_MS;
/** After a login that failed in any other way: long enough that callers who follow share the failure. */
const FAULT_HOLD_MS = 1000;

/** Builds the token source of one zone and account. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { monotonicNow: now, holdMs } = options;
  let token: Token | undefined;
  let pending: Promise<string> | undefined;
  let failed: { readonly error: unknown; readonly untilMs: number } | undefined;
  let refusals = 0;
  let renewableAtMs = Number.NEGATIVE_INFINITY;

  const hold = (error: unknown): number => {
    const refused = error instanceof ApiError && isRefusal(error);
    refusals = refused ? refusals + 1 : 0;
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const own = refused ? holdMs * 2 ** (refusals - 1) : Math.min(FAULT_HOLD_MS, holdMs);
    return Math.max(Math.min(own, MAX_HOLD_MS), Math.min(asked, MAX_RETRY_AFTER_MS));
  };
  const login = async (): Promise<string> => {
    if (failed !== undefined && now() < failed.untilMs) throw failed.error;
    try {
      token = await requestToken(options);
      failed = undefined;
      refusals = 0;
      return token.text;
    } catch (error) {
      failed = { error, untilMs: now() + hold(error) };
      throw error;
    }
  };
  const shared = () => {
    pending ??= login().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  const current = async () => {
    if (token !== undefined && now() < token.renewAtMs) return token.text;
    try {
      return await shared();
    } catch (error) {
      // That is what the margin is for: a login that fails once costs nothing.
      if (token !== undefined && now() < token.endsAtMs) return token.text;
      throw error;
    }
  };

  return {
    current,
    replace: async (refused) => {
      if (token?.text === refused) {
        if (now() < renewableAtMs) return undefined;
        renewableAtMs = now() + holdMs;
        token = undefined;
      }
      return await current();
    },
  };
}

/** The cloud has understood the login and says no: 401, or another 4xx that does not pass by itself. */
function isRefusal({ failure, status = 0 }: ApiError): boolean {
  const passing = status === 408 || status === 429 || status === 498;
  return failure === "auth" || (failure === "http" && status >= 400 && status < 500 && !passing);
}

async function requestToken(options: TokenSourceOptions): Promise<Token> {
  const { zoneUrl, credentials, now, monotonicNow, send, onToken } = options;
  const request: Exchange = {
    operation: "token",
    url: `${zoneUrl}/identity/auth/tokens`,
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(loginBody(credentials)),
  };
  // Before the request, since the token may be as old as that.
  const askedAtMs = monotonicNow();
  const reply = await send(request);
  const answer = readAnswer(reply, { operation: "token", secrets: secretsOf(credentials) });
  const text = reply.headers.get("x-subject-token") ?? "";
  if (text === "") {
    throw new ApiError("the answer holds no X-Subject-Token", {
      failure: "parse",
      operation: "token",
      status: reply.status,
    });
  }
  onToken();
  const lifetime = lifetimeMs(answer.token, reply, now());
  const renewAtMs = askedAtMs + usableMs(lifetime);
  const endsAtMs = lifetime > 0 ? Math.max(renewAtMs, askedAtMs + lifetime) : renewAtMs;
  return { text, renewAtMs, endsAtMs };
}

/** What no message may show: a cloud may echo the request. */
export function secretsOf({ account, password }: Credentials): readonly string[] {
  // A short id would be found in words that have nothing to do with it.
  return account.length < MIN_HIDDEN_ID ? [password] : [password, account];
}

const MIN_HIDDEN_ID = 6;

/** The request body of contract 2.1. */
function loginBody({ account, password }: Credentials) {
  const domain = { id: "default" };
  return {
    auth: {
      identity: {
        methods: ["password"],
        password: { user: { domain, name: account, password } },
      },
      scope: { project: { domain, name: account } },
    },
  };
}

/** How long the token lives by the cloud's own clock, which may differ from ours; NaN if unsaid. */
function lifetimeMs(token: unknown, reply: Reply, nowMs: number): number {
  const { expires_at: end, issued_at: start } = isObject(token) ? token : {};
  const starts = [start, reply.headers.get("date")].map(instant).filter(Number.isFinite);
  return instant(end) - (starts[0] ?? nowMs);
}

function instant(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : Number.NaN;
}

/** A token is used until five minutes before its end, a short-lived one for half its life. */
function usableMs(lifetime: number): number {
  if (!(lifetime > 0)) return MAX_USE_MS;
  return Math.min(MAX_USE_MS, Math.max(lifetime - MARGIN_MS, lifetime / 2, MIN_USE_MS));
}
