/** Certificate rotations under load: whether each is served, how soon, and whether a request fails. */
import { Connection, type Target } from "../client.ts";
import type { RotatedSecret } from "./certificates.ts";
import { type Answers, openLoop } from "./open-loop.ts";
import { Pool } from "./pool.ts";

export const ROTATIONS = 100;
/** Every second one on a new connection. */
const PER_SECOND = 500;
/** For all rotations together. */
const LIMIT_MS = 30_000;
/** So that each certificate is met by requests before the next comes. */
const APART_MS = 50;

export interface Rotations extends Answers {
  /** Milliseconds from a rotation to the first new connection that shows the new certificate. */
  readonly servedAfterMs: readonly number[];
}

/** Rotates so often, or until the limit is over; a rotation that is never served is the last. */
export async function measureRotations(
  load: { readonly target: Target; readonly request: Buffer },
  rotate: RotatedSecret["rotate"],
  { rotations = ROTATIONS, limitMs = LIMIT_MS } = {},
): Promise<Rotations> {
  const { target, request } = load;
  const pool = await Pool.open(target);
  const ended = new AbortController();
  let expected = { fingerprint: "", met: Promise.withResolvers<"met">() };
  const askAnew = async () => {
    const connection = await Connection.open(target);
    if (connection.fingerprint === expected.fingerprint) expected.met.resolve("met");
    const wholeNs = await connection.ask(request);
    connection.end();
    return wholeNs;
  };
  const loading = openLoop({
    perSecond: PER_SECOND,
    count: Math.ceil((limitMs / 1000) * PER_SECOND),
    signal: ended.signal,
    ask: (number) => (number % 2 === 0 ? pool.ask(request) : askAnew()),
  });
  const over = Promise.withResolvers<"over">();
  const limit = setTimeout(() => over.resolve("over"), limitMs);
  const servedAfterMs: number[] = [];
  while (servedAfterMs.length < rotations) {
    const rotatedMs = performance.now();
    expected = { fingerprint: rotate(), met: Promise.withResolvers() };
    if ((await Promise.race([expected.met.promise, over.promise])) === "over") break;
    servedAfterMs.push(performance.now() - rotatedMs);
    await Bun.sleep(APART_MS);
  }
  clearTimeout(limit);
  ended.abort();
  const answers = await loading;
  pool.end();
  return { ...answers, servedAfterMs };
}
