/** An operation of one zone -> the JSON object of its answer: with a valid token, at the zone's pace, retried. */
import { type JsonObject, readAnswer } from "./answer.ts";
import { type Credentials, createTokenSource, secretsOf } from "./auth.ts";
import { ApiError, type Operation } from "./errors.ts";
import { type Exchange, type ExchangeLimits, exchange, type Reply } from "./exchange.ts";
import { type Cycle, createPacer } from "./pacer.ts";
import { retryDelayMs } from "./retry.ts";
import { KT_ZONES, type ZoneName } from "./zones.ts";

export interface ClientOptions extends ExchangeLimits {
  /** `https://api.ucloudbiz.olleh.com`, without a slash at the end. */
  readonly apiUrl: string;
  readonly zone: ZoneName;
  readonly credentials: Credentials;
  /** See `TokenSourceOptions.holdMs`. */
  readonly loginHoldMs: number;
  /** See `PacerOptions.spacingMs`. */
  readonly spacingMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicNow: () => number;
  /** Waits; ends early when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number;
  readonly observer: ClientObserver;
}

/** Told of everything that is sent. */
export interface ClientObserver {
  /** Once for each request, when it is over: the HTTP status, or `none` where no whole answer came. */
  exchanged(operation: Operation, code: string, durationMs: number): void;
  retried(operation: Operation): void;
  tokenIssued(): void;
}

/** The cloud's API in one zone. */
export interface Client {
  /**
   * GETs `{base}/{zone prefix}{path}`. On a 401 the token is replaced and the call repeated, once; what
   * passes by itself is tried twice. Throws {@link ApiError}.
   */
  get(operation: Operation, path: string, cycle: Cycle): Promise<JsonObject>;
}

/** Builds the client of one zone and account. */
export function createClient(options: ClientOptions): Client {
  const { apiUrl, zone, credentials, observer, monotonicNow, random, sleep } = options;
  const zoneUrl = `${apiUrl}/${KT_ZONES[zone]}`;
  const pacer = createPacer(options);
  const send = async (request: Exchange, signal?: AbortSignal): Promise<Reply> => {
    const startedMs = monotonicNow();
    let code = "none";
    try {
      const reply = await exchange(request, options, signal);
      code = String(reply.status);
      return reply;
    } finally {
      observer.exchanged(request.operation, code, monotonicNow() - startedMs);
    }
  };
  const tokens = createTokenSource({
    ...options,
    zoneUrl,
    holdMs: options.loginHoldMs,
    // Without the collection's signal: a token is worth having after its deadline, too.
    send: (request) => send(request),
    onToken: () => observer.tokenIssued(),
  });

  const once = async (operation: Operation, path: string, cycle: Cycle): Promise<JsonObject> => {
    const token = await within(cycle, operation, tokens.current());
    const secrets = [...secretsOf(credentials), token];
    const call = async (valid: string) => {
      await pacer.turn(cycle);
      if (cycle.signal.aborted) throw tooLate(operation);
      const headers = { "x-auth-token": valid, accept: "application/json" };
      const request: Exchange = { operation, url: zoneUrl + path, method: "GET", headers };
      return await send(request, cycle.signal);
    };
    let reply = await call(token);
    const other =
      reply.status === 401 ? await within(cycle, operation, tokens.replace(token)) : undefined;
    if (other !== undefined) {
      secrets.push(other);
      reply = await call(other);
    }
    try {
      return readAnswer(reply, { operation, secrets });
    } catch (error) {
      if (error instanceof ApiError && error.failure === "ratelimit") pacer.pause(error);
      throw error;
    }
  };

  return {
    get: async (operation, path, cycle) => {
      for (let tries = 1; ; tries += 1) {
        try {
          const answer = await once(operation, path, cycle);
          pacer.resume();
          return answer;
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          const delayMs = retryDelayMs(error, { tries, random: random() });
          if (delayMs === undefined || monotonicNow() + delayMs >= cycle.endsAtMs) throw error;
          if (pacer.outlasts(cycle)) throw error;
          await sleep(delayMs, cycle.signal);
          if (cycle.signal.aborted) throw error;
          observer.retried(operation);
        }
      }
    },
  };
}

/** A login goes on after the collection has ended; the call that waits for it does not. */
async function within<T>({ signal }: Cycle, operation: Operation, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const onAbort = () => late.reject(tooLate(operation));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => {}); // Nobody may be left to hear of it.
  }
}

function tooLate(operation: Operation): ApiError {
  const message = "not sent any more, the collection's deadline had passed";
  return new ApiError(message, { failure: "timeout", operation });
}
