/** A whole answer -> its JSON object, or the typed reason why there is none (contract 8.2, steps 5 to 8). */
import { ApiError, type FailureClass, type Operation } from "./errors.ts";
import type { Reply } from "./exchange.ts";

/** A JSON object whose keys are trimmed and in lower case. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Which call the answer belongs to, and what no message may show. */
export interface AnswerContext {
  readonly operation: Operation;
  readonly secrets: readonly string[];
}

/** Reads an answer. Throws {@link ApiError} of class `auth`, `ratelimit`, `http`, `parse` or `api`. */
export function readAnswer(reply: Reply, context: AnswerContext): JsonObject {
  const { status, text } = reply;
  const json = parseJson(text);
  if (status < 200 || status > 299) throw statusError(reply, json, context);
  if (!isObject(json)) throw fault("parse", { reply, text: "not a JSON object" }, context);
  const answer = normaliseKeys(json);
  const refusal = refusalIn(answer);
  if (refusal === undefined) return answer;
  const failure = RATE_LIMIT.test(refusal) ? "ratelimit" : "api";
  throw fault(failure, { reply, text: refusal }, context);
}

/** The object with every key trimmed and in lower case; values are left alone. */
export function normaliseKeys(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key.trim().toLowerCase(), value]),
  );
}

/** Whether a value is a JSON object, not an array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const MAX_SHOWN = 200;

/** CloudStack's wording (contract 3.6). Looked for in errors alone: a load balancer may be named so. */
const RATE_LIMIT = /rate ?limit/i;

/** The gateway's words for a path where nothing is (contract 3.6). */
const SERVICE_NOT_FOUND = /service not found/i;

function statusError(reply: Reply, json: unknown, context: AnswerContext): ApiError {
  const { status } = reply;
  const extracted = extractMessage(json);
  const text = extracted ?? reply.text.trim();
  const facts = { reply, text: `HTTP ${status}${text === "" ? "" : `: ${text}`}` };
  if (status === 401) return fault("auth", facts, context);
  if (status === 429 || status === 498 || RATE_LIMIT.test(text)) {
    return fault("ratelimit", facts, context);
  }
  const serviceNotFound = status === 404 && SERVICE_NOT_FOUND.test(text);
  return fault("http", { ...facts, serviceNotFound }, context);
}

function fault(
  failure: FailureClass,
  facts: { readonly reply: Reply; readonly text: string; readonly serviceNotFound?: boolean },
  { operation, secrets }: AnswerContext,
): ApiError {
  const { reply, text, serviceNotFound = false } = facts;
  return new ApiError(redact(text, secrets).slice(0, MAX_SHOWN), {
    failure,
    operation,
    status: reply.status,
    retryAfterMs: retryAfterMs(reply.headers),
    serviceNotFound,
  });
}

/** `Retry-After` as seconds or as a date by the cloud's own clock (RFC 9110, 10.2.3). */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get("retry-after")?.trim() ?? "";
  // However many digits: whoever waits has a limit of its own.
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // `Date.parse` would take "-5" and "1.5" for days of the year 2001.
  if (!/^[a-z]{3,9},? /i.test(text)) return undefined;
  const wait = Date.parse(text) - Date.parse(headers.get("date") ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** Replaces each secret, also as JSON within JSON would write it: a cloud may echo what it was sent. */
function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .flatMap((secret) => [escaped(escaped(secret)), escaped(secret), secret])
    .filter((secret) => secret !== "");
  if (forms.length === 0) return text;
  // In one pass: what was put in its place must not be searched again, or "secret" would tell itself.
  return text.replaceAll(
    new RegExp(forms.map((one) => RegExp.escape(one)).join("|"), "g"),
    "<secret>",
  );
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The first of `response.errortext`, `error.message`, `<any>.errortext`, `<any>.message`. */
function extractMessage(json: unknown): string | undefined {
  if (!isObject(json)) return undefined;
  const inner = Object.entries(normaliseKeys(json)).flatMap(([key, value]) =>
    isObject(value) ? [{ key, object: normaliseKeys(value) }] : [],
  );
  const candidates = [
    inner.find(({ key }) => key === "response")?.object.errortext,
    inner.find(({ key }) => key === "error")?.object.message,
    ...inner.map(({ object }) => object.errortext),
    ...inner.map(({ object }) => object.message),
  ];
  return candidates.find((text): text is string => typeof text === "string" && text !== "");
}

/** Why a 2xx answer is a refusal after all, said at the top or within an envelope. */
function refusalIn(answer: JsonObject): string | undefined {
  const envelopes = Object.values(answer).filter(isObject).map(normaliseKeys);
  return foreignRefusal(answer) ?? [answer, ...envelopes].map(refusalOf).find(Boolean);
}

/** An error code, an error text or `success: false`. */
function refusalOf({ errorcode, errortext, success, displaytext }: JsonObject): string | undefined {
  const failed = typeof success === "string" ? success.trim().toLowerCase() : success;
  const error = errorOf(errorcode, errortext);
  if (error !== undefined || (failed !== false && failed !== "false")) return error;
  return joined("success is false", meaningful(displaytext));
}

/** As the cloud's other services say it within a 200: a `httpStatus`, or an `error` (contract 4.4). */
function foreignRefusal({ httpstatus, error, message }: JsonObject): string | undefined {
  if (Number(meaningful(httpstatus)) >= 400) return errorOf(httpstatus, message);
  const inner = isObject(error) ? normaliseKeys(error) : { message: error };
  return errorOf(inner.code, inner.message);
}

function errorOf(code: unknown, text: unknown): string | undefined {
  const said = [meaningful(code), meaningful(text)] as const;
  if (said.every((one) => one === undefined)) return undefined;
  return joined(`error ${said[0] ?? "without a code"}`, said[1]);
}

function joined(what: string, text: string | undefined): string {
  return text === undefined ? what : `${what}: ${text}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Only the status decides whether that is a fault.
  }
}

function meaningful(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value).trim();
  return text === "" || text === "0" || text === "200" ? undefined : text;
}
