/** A request -> the app's answer with the configured headers, or why it is not given one. */
import type { Authenticator, Users } from "./basic-auth.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** Why a request was not handed to the app. */
export type Refusal = "unauthorized" | "busy" | "rate_limited";

export const NO_REFUSALS: Readonly<Record<Refusal, number>> = {
  unauthorized: 0,
  busy: 0,
  rate_limited: 0,
};

/** What is in force for the next request. */
export interface Guard {
  readonly users: Users;
  readonly headers: readonly (readonly [string, string])[];
  readonly limiter: RateLimiter | undefined;
}

export interface GuardOptions {
  readonly guard: () => Guard;
  readonly authenticator: Authenticator;
  readonly onRefused: (refusal: Refusal) => void;
}

type Fetch = (request: Request) => Response | Promise<Response>;

/**
 * Guards `fetch`. The rate limit comes first, since it is cheap, and then the users: both hold for every
 * path, health among them, as in the exporter toolkit.
 */
export function guardFetch(fetch: Fetch, { guard, authenticator, onRefused }: GuardOptions): Fetch {
  const answer = async (request: Request, { users, limiter }: Guard): Promise<Response> => {
    const waitMs = limiter?.take() ?? 0;
    if (waitMs > 0) return refuse("rate_limited", { "Retry-After": seconds(waitMs) });
    if (users.size > 0) {
      const verdict = await authenticator.judge(users, request.headers.get("authorization"));
      if (verdict === "busy") return refuse("busy", { "Retry-After": "1" });
      if (verdict === "denied") return refuse("unauthorized", CHALLENGE);
    }
    return await fetch(request);
  };
  const refuse = (refusal: Refusal, headers: Readonly<Record<string, string>>) => {
    onRefused(refusal);
    const { status, body } = ANSWERS[refusal];
    return new Response(body, { status, headers: { "Content-Type": "text/plain", ...headers } });
  };
  return async (request) => {
    const inForce = guard();
    const response = await answer(request, inForce);
    for (const [name, value] of inForce.headers) response.headers.set(name, value);
    return response;
  };
}

const ANSWERS: Readonly<Record<Refusal, { readonly status: number; readonly body: string }>> = {
  unauthorized: { status: 401, body: "unauthorized\n" },
  busy: { status: 503, body: "too many logins at once\n" },
  rate_limited: { status: 429, body: "too many requests\n" },
};

/** RFC 7617 wants a realm; the user's and the password's bytes are taken as UTF-8. */
const CHALLENGE = { "WWW-Authenticate": 'Basic realm="exporter", charset="UTF-8"' };

function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
