/** What the cloud says -> a status, headers and a text, and those -> an HTTP response. */
import type { ZoneKnobs } from "./knobs.ts";

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or nothing. */
  readonly text: string;
}

/** The text of a rate limit, in the only wording known (contract 3.6). */
export const RATE_LIMIT_TEXT = "Unable to execute API command listTags due to ratelimit timeout";

const CONTENT_TYPES = {
  json: "application/json;charset=UTF-8",
  text: "text/plain",
  html: "text/html",
} as const;

/** The header that goes with an answer's JSON. */
export function contentTypeOf({ contentType }: Pick<ZoneKnobs, "contentType">): string {
  return CONTENT_TYPES[contentType];
}

/** An answer of JSON. */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers, text: JSON.stringify(body) };
}

/** The gateway's words for what it refuses (contract 3.6). */
export function gatewayError(status: number, text: string): Answer {
  return jsonAnswer(status, { response: { errortext: text, errorcode: String(status) } });
}

/** The gateway's answer to a path that it does not know. */
export const SERVICE_NOT_FOUND = gatewayError(404, "Service Not Found");

/** Keystone's answer to what it refuses (contract 2.5). */
export function keystoneError(code: number, title: string, message: string): Answer {
  return jsonAnswer(code, { error: { code, message, title } });
}

/** Keystone's answer to a wrong password, and to a token that is not valid. */
export const UNAUTHORIZED = keystoneError(
  401,
  "Unauthorized",
  "The request you have made requires authentication.",
);

/** Sends an answer as what the content type says. */
export function send({ status, headers, text }: Answer, contentType: string): Response {
  return new Response(text, { status, headers: { "content-type": contentType, ...headers } });
}

/** `Retry-After` as seconds, or as the date that is so far from now. */
export function retryAfter(as: "seconds" | "date", seconds: number, nowMs: number): string {
  return as === "seconds" ? String(seconds) : new Date(nowMs + seconds * 1000).toUTCString();
}
