/** What a reader of the table has to know of the load generator, the machine and the failures in this run. */
import { median, perRound } from "../statistics.ts";
import type { Admissions } from "./admissions.ts";
import type { Measured } from "./measure.ts";
import { PEER_NAMES } from "./peers.ts";

/** A load generator that uses more of its processor than this may be what limits a throughput. */
const BUSY_SHARE = 0.9;
/** Different failures that are told of. */
const MOST_FAILURES = 5;

export function notesOf(measured: Measured): readonly string[] {
  const { admissions } = measured;
  return [...generator(measured), machine(admissions), ...failures(measured)];
}

function generator({ admissions, ceilings }: Measured): readonly string[] {
  return admissions.map(({ review, ownShare }, i) => {
    const highest = Math.max(...PEER_NAMES.flatMap((name) => ownShare[name]));
    const { perSecond = NaN, ownShare: ceilingShare = NaN } = ceilings[i] ?? {};
    const warning = highest > BUSY_SHARE ? " TOO MUCH, it may be what limits." : "";
    return (
      `Load generator, ${review}: used at most ${percent(highest)} of its processor.${warning} ` +
      `It takes ${Math.round(perSecond)} answers per second, with ${percent(ceilingShare)}, from a handler that decides nothing.`
    );
  });
}

/** At its limit a server has its whole processor, but for what other programs take of it. */
function machine(admissions: readonly Admissions[]): string {
  const shares = admissions.flatMap(({ perSecond, cpuMicros }) =>
    PEER_NAMES.flatMap((name) =>
      perRound(perSecond[name], cpuMicros[name], (rate, micros) => (rate * micros) / 1e6),
    ),
  );
  const [usual, worst] = [percent(median(shares)), percent(Math.min(...shares))];
  return `At their limit the servers had ${usual} of their processor in the median of the rounds, ${worst} in the worst; the rest went to other programs.`;
}

function failures({ rotations }: Measured): readonly string[] {
  return PEER_NAMES.flatMap((name) => {
    const kinds = Map.groupBy(rotations[name].failures, (failure) => failure);
    return [...kinds]
      .slice(0, MOST_FAILURES)
      .map(([failure, all]) => `Failed under rotations, ${name}, ${all.length} times: ${failure}`);
  });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
