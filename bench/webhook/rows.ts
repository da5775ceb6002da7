/** Numbers of a run -> rows: the medians, what they are to Go, the bar, and whether it is met. */
import { atMost, compared, type Row } from "../row.ts";
import { median, percentile } from "../statistics.ts";
import { memoryRows } from "../under-load.ts";
import { type Admissions, PER_SECOND } from "./admissions.ts";
import type { Measured } from "./measure.ts";
import { type ByPeer, PEER_NAMES, type PeerName } from "./peers.ts";
import { ORDINARY } from "./reviews.ts";
import { ROTATIONS, type Rotations } from "./rotation.ts";

/** All rows of a run, in the order of the table. */
export function rowsOf(measured: Measured): readonly Row[] {
  const { admissions, readyMs } = measured;
  return [
    ...admissions.flatMap(latencyRows),
    ...admissions.map(({ review, perSecond }) => ({
      what: `most admissions per second, ${review}`,
      ...compared(perSecond, PEER_NAMES, "ratio"),
      digits: 0,
    })),
    ...admissions.map(({ review, cpuMicros }) => ({
      what: `CPU per admission, ${review}, µs`,
      ...compared(cpuMicros, PEER_NAMES, "ratio"),
      digits: 1,
    })),
    ...admissions.map(({ review }, i) => patchRow(review, measured, i)),
    ...memoryRows(measured, "webhook"),
    {
      what: "exec to ready, ms",
      ...compared(
        byPeer((name) => [median(readyMs[name])]),
        PEER_NAMES,
        "ratio",
      ),
      digits: 1,
    },
    ...rotationRows(measured.rotations),
  ];
}

function latencyRows({ review, p50, p99 }: Admissions): readonly Row[] {
  const rowOf = (name: string, rounds: Admissions["p50"]): Row => ({
    what: `admission ${name} at ${PER_SECOND} per second, ${review}, ms`,
    ...compared(rounds, PEER_NAMES, "ratio"),
    digits: 2,
  });
  const slowest = rowOf("p99", p99);
  // The bar speaks of the review that an admission ordinarily is.
  const bar = review === ORDINARY ? atMost(5, slowest.values.webhook) : {};
  return [rowOf("p50", p50), { ...slowest, ...bar }];
}

function patchRow(review: string, { patchBytes }: Measured, at: number): Row {
  const sizes = byPeer((name) => [patchBytes[name][at] ?? NaN]);
  return {
    what: `size of the patch, ${review}, bytes`,
    ...compared(sizes, PEER_NAMES, "ratio"),
    digits: 0,
  };
}

function rotationRows(rotations: ByPeer<Rotations>): readonly Row[] {
  const { webhook } = rotations;
  const all = webhook.servedAfterMs.length === ROTATIONS;
  const values = (of: (rotations: Rotations) => number) => ({
    values: byPeer((name) => of(rotations[name])),
  });
  return [
    {
      what: `certificates that were served, of ${ROTATIONS} rotations under load`,
      ...values(({ servedAfterMs }) => servedAfterMs.length),
      digits: 0,
      bar: `${ROTATIONS}`,
      met: all,
    },
    {
      what: "  requests meanwhile, half on new connections",
      ...values(({ latenciesMs, failures }) => latenciesMs.length + failures.length),
      digits: 0,
    },
    {
      what: "  failed of them",
      ...values(({ failures }) => failures.length),
      digits: 0,
      bar: "0",
      // Without a rotation there is nothing to fail at.
      met: all && webhook.failures.length === 0,
    },
    {
      what: "  p99 of them, ms",
      ...values(({ latenciesMs }) =>
        latenciesMs.length > 0 ? percentile(latenciesMs, 0.99) : NaN,
      ),
      digits: 2,
    },
    {
      what: "  swap to the new certificate on a new connection, median, ms",
      ...values(({ servedAfterMs }) => (servedAfterMs.length > 0 ? median(servedAfterMs) : NaN)),
      digits: 1,
    },
  ];
}

function byPeer<T>(of: (name: PeerName) => T): Record<PeerName, T> {
  return { webhook: of("webhook"), go: of("go") };
}
