/** A call and the list of faults -> the one that it gets, by scope, by turn and by chance. */
import type { Call, Dialect, Fault } from "./fault-schema.ts";
import { balancerNumber } from "./ids.ts";

/** What of a call a fault can depend on. */
export interface FaultTarget {
  readonly call: Call | undefined;
  readonly prefix: string;
  readonly dialect: Dialect | undefined;
  /** The load balancer it is about, by number or UUID. */
  readonly lbId: string | undefined;
  readonly account: string | undefined;
}

/** How often a fault was looked at by a call that fits, and how often it struck. */
export interface Tally {
  seen: number;
  struck: number;
}

/** Chooses faults and remembers whose turn it was; a fault that is set anew begins anew. */
export interface FaultChooser {
  choose(faults: readonly Fault[], target: FaultTarget): Fault | undefined;
  tallyOf(fault: Fault): Readonly<Tally>;
}

/** A chooser without a memory yet. `random` gives 0 up to 1. */
export function createFaultChooser(random: () => number): FaultChooser {
  const tallies = new WeakMap<Fault, Tally>();
  const tallyOf = (fault: Fault) => {
    const known = tallies.get(fault) ?? { seen: 0, struck: 0 };
    tallies.set(fault, known);
    return known;
  };
  return {
    tallyOf,
    choose: (faults, target) =>
      faults.find((fault) => fits(fault, target) && isDue(fault, tallyOf(fault), random)),
  };
}

function fits(fault: Fault, { call, prefix, dialect, lbId, account }: FaultTarget): boolean {
  return (
    (fault.call === undefined || fault.call === call) &&
    (fault.zone === undefined || fault.zone === prefix) &&
    (fault.dialect === undefined || fault.dialect === dialect) &&
    (fault.account === undefined || fault.account === account) &&
    (fault.lbId === undefined || isSameBalancer(fault.lbId, lbId))
  );
}

/** The same load balancer, though one may be called by its number and the other by its UUID. */
function isSameBalancer(wanted: string, asked: string | undefined): boolean {
  if (asked === undefined) return false;
  return wanted === asked || (balancerNumber(wanted) ?? Number.NaN) === balancerNumber(asked);
}

function isDue(fault: Fault, tally: Tally, random: () => number): boolean {
  const { after = 0, every = 1, times = Number.POSITIVE_INFINITY, probability = 1 } = fault;
  if (tally.struck >= times) return false;
  tally.seen += 1;
  const turn = tally.seen - after;
  if (turn <= 0 || turn % every !== 0) return false;
  if (probability < 1 && random() >= probability) return false;
  tally.struck += 1;
  return true;
}
