/** One HTTP request to the cloud -> status, headers and the whole body as text, within a deadline. */
import { ApiError, type FailureClass, type Operation } from "./errors.ts";

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
  /** From the first byte sent to the last byte read, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/** Sends one request. Throws {@link ApiError} of class `network`, `timeout` or, if too large, `parse`. */
export async function exchange(request: Exchange, limits: ExchangeLimits): Promise<Reply> {
  const { operation, url, method, headers, body } = request;
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const fail = (failure: FailureClass, message: string, cause?: unknown) =>
    new ApiError(message, { failure, operation, cause });
  try {
    const response = await limits.fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      signal: deadline,
      // A redirect would carry the token to wherever it points.
      redirect: "manual",
      ...(isLoopback(url) ? { proxy: false } : {}),
    });
    const text = await readText(response, limits.maxBodyBytes);
    if (text === undefined) {
      throw fail("parse", `the body is larger than ${limits.maxBodyBytes} bytes`);
    }
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (deadline.aborted) throw fail("timeout", `no whole answer within ${limits.timeoutMs} ms`);
    throw fail("network", "the connection failed", error);
  }
}

/** A simulator on this machine is asked directly, also where HTTP_PROXY is set. */
function isLoopback(url: string): boolean {
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
