/** The lives of the webhook's own authority and serving certificate. */
import {
  issueAuthority as makeAuthority,
  issueServing as makeServing,
  type Pair,
} from "../../shared/issue.ts";

const DAY_MS = 86_400_000;

/** Long, because every renewal has to reach every API server; renewed when a third of it is left. */
export const AUTHORITY_LIFE_MS = 730 * DAY_MS;

/** Short, so that a stolen key is worth little and renewal is nothing unusual. */
export const SERVING_LIFE_MS = 90 * DAY_MS;

/** The clock of a node may be behind that of another: a certificate is valid a little before it is made. */
export const BACKDATED_MS = 3_600_000;

/** A new authority, named by the moment of its making so that old and new can be told apart. */
export async function issueAuthority(nowMs: number): Promise<Pair> {
  const name = `prometheus-metrics-proxy-hook ${new Date(nowMs).toISOString()}`;
  return await makeAuthority(name, validity(nowMs, AUTHORITY_LIFE_MS));
}

/** A new serving certificate for those DNS names. */
export async function issueServing(
  authority: Pair,
  dns: readonly string[],
  nowMs: number,
): Promise<Pair> {
  return await makeServing(authority, { dns }, validity(nowMs, SERVING_LIFE_MS));
}

function validity(nowMs: number, lifeMs: number) {
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + lifeMs) };
}
