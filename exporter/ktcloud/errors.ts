/** What can go wrong with one call of the cloud's API: one error with a class and an operation. */

/** Classes of failure, in the order in which an answer is checked (contract 8.2). */
export const FAILURE_CLASSES = [
  "network",
  "timeout",
  "auth",
  "ratelimit",
  "http",
  "parse",
  "api",
] as const;

/** Why a call failed; a bounded set, so that it can be a label. */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** The calls that an exporter makes. */
export const OPERATIONS = ["token", "list_load_balancers", "list_servers"] as const;

/** Which call; a bounded set, so that it can be a label. */
export type Operation = (typeof OPERATIONS)[number];

/** One failed call. The message never holds a password or a token. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly failure: FailureClass;
  readonly operation: Operation;
  /** HTTP status, where an answer came at all. */
  readonly status: number | undefined;

  constructor(
    message: string,
    facts: { failure: FailureClass; operation: Operation; status?: number; cause?: unknown },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.failure = facts.failure;
    this.operation = facts.operation;
    this.status = facts.status;
  }
}
