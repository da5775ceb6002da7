/** Both loads on one webhook: how long an admission takes at a fixed rate, and how many there can be. */
import { within } from "../deadline.ts";
import { cpuMicros } from "../processes.ts";
import { noRounds, type Rounds, rotated } from "../row.ts";
import { percentile } from "../statistics.ts";
import { closedLoop } from "./closed-loop.ts";
import { openLoop } from "./open-loop.ts";
import { type ByPeer, PEER_NAMES, type Peer, type PeerName } from "./peers.ts";
import { Pool } from "./pool.ts";
import { type Review, requestBytes } from "./reviews.ts";

/** Admissions a second of the load at a fixed rate. */
export const PER_SECOND = 500;
const WARM_UP_SECONDS = 2;
/** How far a server may lag behind at the end of a load. */
const LAG_MS = 20_000;
/** For a collector to end what the load before left to it. */
const SETTLE_MS = 200;

/** Numbers of one review, one entry a round. */
export interface Admissions {
  readonly review: string;
  /** Milliseconds, at the fixed rate. */
  readonly p50: Rounds<PeerName>;
  readonly p99: Rounds<PeerName>;
  readonly perSecond: Rounds<PeerName>;
  readonly cpuMicros: Rounds<PeerName>;
  /** Shares of its processor that the load generator used while `perSecond` was measured. */
  readonly ownShare: Rounds<PeerName>;
}

/** What the load generator can do: against a handler that decides nothing. */
export interface Ceiling {
  readonly review: string;
  readonly perSecond: number;
  readonly ownShare: number;
}

export function createAdmissions(reviews: readonly Review[]): readonly Admissions[] {
  return reviews.map(({ name }) => ({
    review: name,
    p50: noRounds(PEER_NAMES),
    p99: noRounds(PEER_NAMES),
    perSecond: noRounds(PEER_NAMES),
    cpuMicros: noRounds(PEER_NAMES),
    ownShare: noRounds(PEER_NAMES),
  }));
}

/** Lets both compile and fill what they compile and fill once. */
export async function warmUp(peers: ByPeer<Peer>, reviews: readonly Review[]): Promise<void> {
  for (const { request } of reviews) {
    for (const name of PEER_NAMES) await saturate(peers[name], request, WARM_UP_SECONDS);
  }
}

/** One run of every review on both; who begins changes from round to round. */
export async function admissionsRound(
  peers: ByPeer<Peer>,
  reviews: readonly Review[],
  round: {
    readonly number: number;
    readonly seconds: number;
    /** One entry a review: the numbers of this round are added. */
    readonly admissions: readonly Admissions[];
  },
): Promise<void> {
  for (const [i, { request }] of reviews.entries()) {
    const numbers = round.admissions[i] as Admissions;
    for (const name of rotated(PEER_NAMES, round.number)) {
      await Bun.sleep(SETTLE_MS);
      const latenciesMs = await measureLatencies(peers[name], request, round.seconds);
      numbers.p50[name].push(percentile(latenciesMs, 0.5));
      numbers.p99[name].push(percentile(latenciesMs, 0.99));
      const before = cpuMicros(peers[name].pid);
      const { answers, perSecond, ownShare } = await saturate(peers[name], request, round.seconds);
      numbers.cpuMicros[name].push((cpuMicros(peers[name].pid) - before) / answers);
      numbers.perSecond[name].push(perSecond);
      numbers.ownShare[name].push(ownShare);
    }
  }
}

/** How many answers of the size of these reviews the load generator itself can take. */
export async function measureCeiling(go: Peer, review: Review, seconds: number): Promise<Ceiling> {
  const request = requestBytes("/nothing", review.body);
  const { perSecond, ownShare } = await saturate(go, request, seconds);
  return { review: review.name, perSecond, ownShare };
}

async function measureLatencies(
  { target }: Peer,
  request: Buffer,
  seconds: number,
): Promise<readonly number[]> {
  const pool = await Pool.open(target);
  const count = PER_SECOND * seconds;
  const load = openLoop({ perSecond: PER_SECOND, count, ask: () => pool.ask(request) });
  const answers = await within(seconds * 1000 + LAG_MS, `${count} admissions`, load);
  pool.end();
  const [failure] = answers.failures;
  if (failure !== undefined) throw new Error(`An admission failed: ${failure}`);
  return answers.latenciesMs;
}

function saturate({ target }: Peer, request: Buffer, seconds: number) {
  return within(seconds * 1000 + LAG_MS, "load", closedLoop(target, request, seconds));
}
