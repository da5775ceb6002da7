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
  if (!isObject(json)) throw fault("parse", { status, text: "not a JSON object" }, context);
  const answer = normaliseKeys(json);
  const refusal = refusalIn(answer);
  if (refusal !== undefined) throw fault("api", { status, text: refusal }, context);
  return answer;
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

function statusError(reply: Reply, json: unknown, context: AnswerContext): ApiError {
  const { status } = reply;
  const extracted = extractMessage(json);
  const text = extracted ?? reply.text.trim();
  const facts = { status, text: `HTTP ${status}${text === "" ? "" : `: ${text}`}` };
  if (status === 401) return fault("auth", facts, context);
  // Only here: in a 2xx body these words may be the name of a load balancer.
  if (status === 429 || status === 498 || /rate ?limit/i.test(text)) {
    return fault("ratelimit", facts, context);
  }
  return fault("http", facts, context);
}

function fault(
  failure: FailureClass,
  { status, text }: { status: number; text: string },
  { operation, secrets }: AnswerContext,
): ApiError {
  return new ApiError(redact(text, secrets).slice(0, MAX_SHOWN), { failure, operation, status });
}

/** Replaces each secret, also as JSON within JSON would write it: a cloud may echo what it was sent. */
function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [escaped(escaped(secret)), escaped(secret), secret])
    .filter((secret) => secret !== "")
    .reduce((shown, secret) => shown.replaceAll(secret, "<secret>"), text);
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

/** Why a 2xx answer is a refusal after all: an error code, an error text or `success: false`. */
function refusalIn(answer: JsonObject): string | undefined {
  for (const value of Object.values(answer)) {
    if (!isObject(value)) continue;
    const { errorcode, errortext, success } = normaliseKeys(value);
    const code = meaningful(errorcode);
    const text = meaningful(errortext);
    if (code !== undefined || text !== undefined) {
      return `error ${code ?? "without a code"}${text === undefined ? "" : `: ${text}`}`;
    }
    if (success === false || String(success).trim().toLowerCase() === "false") {
      return "success is false";
    }
  }
  return undefined;
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
