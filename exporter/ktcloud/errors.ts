/** What can go wrong with one call of the cloud's API: one error with a class and an operation. */
import { describeError } from "../../shared/log.ts";

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

interface Facts {
  readonly failure: FailureClass;
  readonly operation: Operation;
  /** HTTP status, where an answer came at all. */
  readonly status?: number | undefined;
  /** How long the cloud asked to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the gateway knows no such service (contract 3.6): another generation may be there. */
  readonly serviceNotFound?: boolean;
  readonly cause?: unknown;
}

/** One failed call. The message never holds a password or a token. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly failure: FailureClass;
  readonly operation: Operation;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly serviceNotFound: boolean;

  constructor(message: string, facts: Facts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.failure = facts.failure;
    this.operation = facts.operation;
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
    this.serviceNotFound = facts.serviceNotFound ?? false;
  }
}

/** A failure in words, for a reader of a log, a page or a readiness reason: class, operation, message. */
export function describeFailure(error: ApiError): string {
  return `${error.operation} failed (${error.failure}): ${describeError(error)}`;
}
