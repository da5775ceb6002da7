/** Calls that failed -> a counter, and a log that does not repeat itself. */
import { Counter, type Registry } from "prom-client";
import type { Logger } from "../log.ts";
import type { ApiError } from "./api.ts";

/** Status codes that are told apart; any other is counted by its class, such as `5xx`. */
const CODES: ReadonlySet<ApiError["code"]> = new Set([
  "timeout",
  "unreachable",
  401,
  403,
  404,
  409,
  410,
  422,
  429,
]);

/** A failure that lasts is told so often. */
const TELL_AGAIN_MS = 600_000;

/** Counts failed calls by operation and code. Each operation is there from the start, at 0. */
export function createFailureCounter(
  registry: Registry,
  { name, operations }: { readonly name: string; readonly operations: readonly string[] },
): (error: ApiError) => void {
  const errors = new Counter({
    name,
    help: "Calls to the API server that failed, by operation and status code or cause.",
    labelNames: ["operation", "code"],
    registers: [registry],
  });
  for (const operation of operations) errors.inc({ operation, code: "timeout" }, 0);
  return ({ operation, code }) => errors.inc({ operation, code: classOf(code) });
}

function classOf(code: ApiError["code"]): string {
  return CODES.has(code) ? String(code) : `${Math.floor(Number(code) / 100)}xx`;
}

/** Logs a failure as a warning only when another has come in between or ten minutes have passed. */
export function createTeller({
  log,
  nowMs,
}: {
  readonly log: Logger;
  readonly nowMs: () => number;
}): (error: ApiError) => void {
  const told = new Map<string, { readonly text: string; readonly atMs: number }>();
  return (error) => {
    const last = told.get(error.operation);
    const isNews = last?.text !== error.message || nowMs() - last.atMs >= TELL_AGAIN_MS;
    if (isNews) told.set(error.operation, { text: error.message, atMs: nowMs() });
    log[isNews ? "warn" : "debug"]("The API server did not do what was asked", { error });
  };
}
