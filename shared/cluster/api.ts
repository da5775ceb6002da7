/** Calls to the API server through the generated client, whose failures all get one form. */
import type { Configuration } from "@kubernetes/client-node";
import type { Connection } from "./connection.ts";

/** A call, as messages and metrics tell it. */
export interface Operation {
  /** Such as `get_secret`. */
  readonly name: string;
  /** What the service account must be allowed, for a 403: `get secrets in its namespace`. */
  readonly right: string;
}

/** What the API server would not do, or that it did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Name of the {@link Operation}. */
  readonly operation: string;
  /** Status code, or why there is none. */
  readonly code: number | "timeout" | "unreachable";
  constructor(
    about: { readonly operation: string; readonly code: ApiError["code"] },
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${about.operation}: ${message}`, options);
    this.operation = about.operation;
    this.code = about.code;
  }
}

/** How long an answer is waited for, in milliseconds; a watch is another matter. */
export const TIMEOUT_MS = 5000;

/** What the generated client works by. `limit` gives the signal that ends a call, for each anew. */
export async function configureClient(
  connection: Connection,
  limit: () => AbortSignal,
): Promise<Configuration> {
  const client = await import("@kubernetes/client-node");
  return client.createConfiguration({
    baseServer: new client.ServerConfiguration(connection.server, {}),
    httpApi: client.wrapHttpLibrary({
      send: async (request) => {
        const answer = await connection.send({
          method: request.getHttpMethod(),
          url: request.getUrl(),
          headers: request.getHeaders(),
          body: request.getBody() as string | undefined,
          signal: limit(),
        });
        const bytes = Buffer.from(await answer.arrayBuffer());
        return new client.ResponseContext(
          answer.status,
          Object.fromEntries(answer.headers as unknown as Iterable<[string, string]>),
          new client.SelfDecodingBody(Promise.resolve(bytes)),
        );
      },
    }),
    authMethods: {},
  });
}

/** Gives every failure the same form. */
export async function call<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw toApiError(operation, cause);
  }
}

/** A failure of the client or of the network. */
export function toApiError(operation: Operation, cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : 0;
  if (typeof code === "number" && code >= 400) return answered(operation, code, cause);
  const { name } = operation;
  if (cause instanceof Error && cause.name === "TimeoutError") {
    return new ApiError({ operation: name, code: "timeout" }, "no answer in time");
  }
  const about = { operation: name, code: "unreachable" } as const;
  return new ApiError(about, "the API server cannot be reached", { cause });
}

/** The answers that somebody has to do something about say what. */
export function answered({ name, right }: Operation, code: number, cause?: unknown): ApiError {
  const hints: Readonly<Record<number, string>> = {
    401: "the API server does not accept the token: is the ServiceAccount still there?",
    403: `the ServiceAccount may not ${right}: allow it by a Role or ClusterRole`,
    409: "somebody else has changed it",
  };
  // The body of the answer may hold what was sent, keys included, so it is never part of a message.
  const text = hints[code] ?? `answered with status ${code}`;
  const about = { operation: name, code };
  return new ApiError(about, text, code in hints ? {} : { cause: statusOf(cause) });
}

/** The reason word of a `Status`, such as `Invalid` or `InternalError`. */
function statusOf(cause: unknown): Error | undefined {
  const body = typeof cause === "object" && cause !== null && "body" in cause ? cause.body : {};
  const reason = typeof body === "object" && body !== null && "reason" in body ? body.reason : "";
  return typeof reason === "string" && reason !== "" ? new Error(reason) : undefined;
}

/** `undefined` instead of a 404. */
export async function optional<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

/**
 * The client takes whatever comes with a 200, and a proxy's page must not be taken for an empty object.
 * Throws a TypeError where the object has another name.
 */
export function named<T extends { readonly metadata?: { readonly name?: string } }>(
  name: string,
  object: T,
): T {
  if (object.metadata?.name === name) return object;
  throw new TypeError(`The answer is no object named "${name}"`);
}
