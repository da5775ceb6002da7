/** One whole run: both webhooks started, every round, every single measurement; what came out. */
import type { Place } from "../component.ts";
import { compileGo, copyExecutable } from "../executables.ts";
import type { Options } from "../options.ts";
import { type Memory, underLoad } from "../under-load.ts";
import {
  type Admissions,
  admissionsRound,
  type Ceiling,
  createAdmissions,
  measureCeiling,
  warmUp,
} from "./admissions.ts";
import { createPairs, mountPairs } from "./certificates.ts";
import { patchBytes } from "./injection.ts";
import {
  type ByPeer,
  measureReady,
  PEER_NAMES,
  type Peer,
  type PeerName,
  pinBench,
  startPeer,
} from "./peers.ts";
import { createReviews, type Review } from "./reviews.ts";
import { measureRotations, type Rotations } from "./rotation.ts";

/** All numbers of a run. */
export interface Measured extends Memory {
  readonly admissions: readonly Admissions[];
  /** One entry a review. */
  readonly patchBytes: ByPeer<readonly number[]>;
  readonly readyMs: ByPeer<readonly number[]>;
  readonly rotations: ByPeer<Rotations>;
  readonly ceilings: readonly Ceiling[];
}

export async function measure(options: Options, place: Place): Promise<Measured> {
  const { processes, directory, stack, say } = place;
  const { executable, rounds, seconds } = options;
  say("Preparing: reviews, certificates, Go's webhook");
  const reviews = createReviews();
  const binaries = {
    webhook: copyExecutable(executable, directory),
    go: await compileGo(processes, directory, "admission"),
  };
  const pairs = await createPairs();
  // One for each, so that the one that is not measured has nothing to do.
  const secrets = { webhook: stack.use(mountPairs(pairs)), go: stack.use(mountPairs(pairs)) };
  say("Starts");
  const readyMs = await measureReady(place, binaries, secrets.webhook.directory);

  await pinBench(processes);
  const start = (name: PeerName) =>
    startPeer(name, place, { binary: binaries[name], secret: secrets[name] });
  const peers = { webhook: await start("webhook"), go: await start("go") };
  const sizes = await checkInjections(peers, reviews);
  const admissions = createAdmissions(reviews);
  const memory = await underLoad(
    { peers, rounds, say },
    {
      warmUp: () => warmUp(peers, reviews),
      round: (number) => admissionsRound(peers, reviews, { number, seconds, admissions }),
    },
  );
  say("Certificate rotations");
  const [{ request }] = reviews as [Review, ...Review[]];
  const rotate = (name: PeerName) =>
    measureRotations({ target: peers[name].target, request }, secrets[name].rotate);
  const rotations = { webhook: await rotate("webhook"), go: await rotate("go") };
  say("The load generator itself");
  const ceilings: Ceiling[] = [];
  for (const review of reviews) ceilings.push(await measureCeiling(peers.go, review, seconds));
  return { ...memory, admissions, patchBytes: sizes, readyMs, rotations, ceilings };
}

/** Sizes of the patches, from answers that are read whole: only the same work is comparable. */
async function checkInjections(peers: ByPeer<Peer>, reviews: readonly Review[]) {
  const sizes: Record<PeerName, number[]> = { webhook: [], go: [] };
  for (const review of reviews) {
    for (const name of PEER_NAMES) sizes[name].push(await patchBytes(name, peers[name], review));
  }
  return sizes;
}
