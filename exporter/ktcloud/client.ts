/** An operation of one zone -> the JSON object of its answer, with a token that is valid. */
import { type JsonObject, readAnswer } from "./answer.ts";
import { type Credentials, createTokenSource } from "./auth.ts";
import type { Operation } from "./errors.ts";
import { type ExchangeLimits, exchange } from "./exchange.ts";
import { KT_ZONES, type ZoneName } from "./zones.ts";

export interface ClientOptions extends ExchangeLimits {
  /** `https://api.ucloudbiz.olleh.com`, without a slash at the end. */
  readonly apiUrl: string;
  readonly zone: ZoneName;
  readonly credentials: Credentials;
  /** See `TokenSourceOptions.holdMs`. */
  readonly loginHoldMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called once for every request that is sent. */
  readonly onCall: (operation: Operation) => void;
}

/** The cloud's API in one zone. */
export interface Client {
  /**
   * GETs `{base}/{zone prefix}{path}`. On a 401 the token is replaced and the call repeated, once.
   * Throws `ApiError`.
   */
  get(operation: Operation, path: string): Promise<JsonObject>;
}

/** Builds the client of one zone and account. */
export function createClient(options: ClientOptions): Client {
  const { apiUrl, zone, credentials, onCall } = options;
  const zoneUrl = `${apiUrl}/${KT_ZONES[zone]}`;
  const tokens = createTokenSource({
    ...options,
    zoneUrl,
    holdMs: options.loginHoldMs,
    onCall: () => onCall("token"),
  });
  const call = async (operation: Operation, path: string, token: string) => {
    onCall(operation);
    const headers = { "x-auth-token": token, accept: "application/json" };
    return await exchange({ operation, url: zoneUrl + path, method: "GET", headers }, options);
  };
  return {
    get: async (operation, path) => {
      const token = await tokens.current();
      const secrets = [credentials.password, token];
      let reply = await call(operation, path, token);
      const other = reply.status === 401 ? await tokens.replace(token) : undefined;
      if (other !== undefined) {
        secrets.push(other);
        reply = await call(operation, path, other);
      }
      return readAnswer(reply, { operation, secrets });
    },
  };
}
