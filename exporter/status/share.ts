/** All zones -> which load balancers are shown whole, which as one line, which are only counted (pure). */
import { MAX_ROWS } from "./balancer.ts";
import type { JudgedBalancer } from "./judge.ts";
import type { JudgedZone } from "./summary.ts";

/** How much one page shows, so that a fleet of any size is about 1 MB of HTML at most. */
export interface Limits {
  /** Load balancers that are shown whole. */
  readonly whole: number;
  /** Servers of these, all together. */
  readonly servers: number;
  /** Load balancers that are shown as one line. */
  readonly lines: number;
}

/** So many that the page stays below a megabyte, whatever is in trouble (fragment.test.ts). */
export const LIMITS: Limits = { whole: 300, servers: 3000, lines: 1000 };

/** How the load balancers of one zone are shown, each in the given order. */
export interface Share {
  readonly whole: readonly JudgedBalancer[];
  readonly lines: readonly JudgedBalancer[];
  readonly counted: readonly JudgedBalancer[];
}

/**
 * Shows all of them whole where that is within the limits, else only those with trouble, as long as
 * the limits allow. Zones come with the worst first, and so do the load balancers of each.
 */
export function shareOut(zones: readonly JudgedZone[], limits: Limits = LIMITS): Share[] {
  const all = zones.flatMap(({ balancers }) => balancers ?? []);
  const fits = all.length <= limits.whole && serversOf(all) <= limits.servers;
  const left = { ...limits };
  return zones.map(({ balancers = [] }) => {
    const share = { whole: [], lines: [], counted: [] } as Record<keyof Share, JudgedBalancer[]>;
    for (const one of balancers) {
      const wanted = fits || one.verdict.level !== "good";
      share[wanted && takeWhole(left, one) ? "whole" : takeLine(left) ? "lines" : "counted"].push(
        one,
      );
    }
    return share;
  });
}

type Left = { -readonly [Key in keyof Limits]: number };

function takeWhole(left: Left, one: JudgedBalancer): boolean {
  const servers = serversOf([one]);
  if (left.whole < 1 || left.servers < servers) return false;
  left.whole -= 1;
  left.servers -= servers;
  return true;
}

function takeLine(left: Left): boolean {
  left.lines -= 1;
  return left.lines >= 0;
}

function serversOf(balancers: readonly JudgedBalancer[]): number {
  return balancers.reduce((sum, { balancer }) => sum + shown(balancer.servers?.length ?? 0), 0);
}

/** No table is longer than this, whatever a load balancer has. */
function shown(servers: number): number {
  return Math.min(servers, MAX_ROWS);
}
