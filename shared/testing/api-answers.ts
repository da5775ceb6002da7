/** What the API server for tests answers where something is wrong: failures, broken connections, refused Leases. */
import type { ApiObject } from "./api-object.ts";

/** What a real API server does not take as a Lease. */
export function refuseLease({ metadata, spec }: ApiObject, method: string): Response | undefined {
  const { holderIdentity, leaseDurationSeconds, leaseTransitions, ...times } = (spec ??
    {}) as Record<string, unknown>;
  const isTime = (value: unknown) =>
    value === undefined || (typeof value === "string" && MICRO_TIME.test(value));
  if (!isTime(times.acquireTime) || !isTime(times.renewTime)) return status(400, "BadRequest");
  if (holderIdentity !== undefined && typeof holderIdentity !== "string") {
    return status(400, "BadRequest");
  }
  // Empty or not: a version is for what is there, and a Lease is never replaced without one.
  if ((method === "POST") !== (metadata.resourceVersion === undefined)) {
    return status(method === "POST" ? 400 : 422, "Invalid");
  }
  const isInt = (value: unknown, least: number) =>
    value === undefined ||
    (Number.isInteger(value) && Number(value) >= least && Number(value) < 2 ** 31);
  const valid = isInt(leaseDurationSeconds, 1) && isInt(leaseTransitions, 0);
  return valid ? undefined : status(422, "Invalid");
}

/** Six digits, neither more nor fewer, as the API's MicroTime is read. */
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/;

/** The beginning of an answer whose connection then breaks. */
export function cutAnswer(): Response {
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    controller.enqueue(new TextEncoder().encode('{"kind"'));
    controller.error(undefined); // Bun prints any other failure.
  };
  return new Response(new ReadableStream<Uint8Array>({ pull }));
}

/** As the API server writes a failure. */
export function status(code: number, reason: string): Response {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", reason, code };
  return Response.json(body, { status: code });
}
