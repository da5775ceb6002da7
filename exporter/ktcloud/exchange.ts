/** One HTTP request to the cloud -> status, headers and the whole body as text, within its limits. */
import { ApiError, type FailureClass, type Operation } from "./errors.ts";
import type { Reach } from "./reach.ts";

/** `fetch`, or something that behaves like it. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** A whole answer, whatever its status. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Exchange {
  readonly operation: Operation;
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ExchangeLimits {
  readonly fetch: Fetch;
  /** Tells of hosts that cannot be connected to in time. */
  readonly reach: Reach;
  /** From the first byte sent to the last byte read, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/**
 * Sends one request. Throws {@link ApiError} of class `network`, `timeout` or, if too large, `parse`.
 * `signal` is the end of the collection that the request belongs to.
 */
export async function exchange(
  request: Exchange,
  limits: ExchangeLimits,
  signal?: AbortSignal,
): Promise<Reply> {
  const { operation, url, method, headers, body } = request;
  const { maxBodyBytes, timeoutMs } = limits;
  const fail = (failure: FailureClass, message: string, cause?: unknown) =>
    new ApiError(message, { failure, operation, cause });
  using attempt = limits.reach.attempt(url);
  const deadline = AbortSignal.timeout(timeoutMs);
  const signals = [deadline, attempt.signal, ...(signal === undefined ? [] : [signal])];
  try {
    const response = await limits.fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any(signals),
      // A redirect would carry the token to wherever it points.
      redirect: "manual",
      ...(isLoopback(url) ? { proxy: false } : {}),
    });
    attempt.reached();
    const text = await readText(response, maxBodyBytes);
    if (text === undefined) throw fail("parse", `the body is larger than ${maxBodyBytes} bytes`);
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (signal?.aborted) throw fail("timeout", "no whole answer before the collection's deadline");
    if (attempt.signal.aborted)
      throw fail("timeout", `no connection to ${new URL(url).host} in time`);
    if (deadline.aborted) throw fail("timeout", `no whole answer within ${timeoutMs} ms`);
    throw fail("network", "the connection failed", error);
  }
}

/** A simulator on this machine is asked directly, also where HTTP_PROXY is set. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/** The body as UTF-8, or `undefined` if it is larger than the cap. */
async function readText(response: Response, maxBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
