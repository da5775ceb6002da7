/**
 * What is known of a zone or a load balancer -> how bad it is, and why, in words (pure).
 *
 * | load balancer                                      | level |
 * |----------------------------------------------------|-------|
 * | its state is DOWN, or none of its servers is UP    | bad   |
 * | its servers could not be read                      | bad   |
 * | a server is DOWN                                   | bad   |
 * | a state other than UP and DOWN, its or a server's  | warn  |
 * | its servers are not known                          | warn  |
 * | else, also without any server                      | good  |
 */
import type { BalancerStatus, ServerStatus, ZoneStatus } from "./facts.ts";
import { allOf, partOf } from "./words.ts";

/** How bad something is. */
export type Level = "good" | "warn" | "bad";

/** A level and the reasons for it, the worst first. Plain text, not yet escaped. */
export interface Verdict {
  readonly level: Level;
  readonly reasons: readonly string[];
  /** For sorting: the higher, the worse. */
  readonly weight: number;
}

/** A load balancer beside what there is to say of it. */
export interface JudgedBalancer {
  readonly balancer: BalancerStatus;
  readonly verdict: Verdict;
}

/** How many servers are in which state. */
export interface ServerCounts {
  readonly all: number;
  readonly up: number;
  readonly down: number;
  /** Neither UP nor DOWN. */
  readonly other: number;
}

/** Whether a state is fine, a fault, or a word that nobody can be sure of. */
export function levelOfState(state: string): Level {
  if (state === "UP") return "good";
  return state === "DOWN" ? "bad" : "warn";
}

/** A state as it is shown; the cloud may give none. */
export function stateInWords(state: string): string {
  return state === "" ? "NO STATE" : state;
}

/** Counts servers by state. */
export function countServers(servers: readonly ServerStatus[]): ServerCounts {
  const up = servers.filter(({ state }) => state === "UP").length;
  const down = servers.filter(({ state }) => state === "DOWN").length;
  return { all: servers.length, up, down, other: servers.length - up - down };
}

/** Judges by the table above. */
export function judgeBalancer(balancer: BalancerStatus): Verdict {
  const counts = countServers(balancer.servers ?? []);
  const found = [...ofState(balancer.state), ...ofReading(balancer), ...ofServers(counts)];
  const level = found.some((one) => one.level === "bad") ? "bad" : "warn";
  return {
    level: found.length === 0 ? "good" : level,
    reasons: found.map(({ reason }) => reason),
    weight: found.reduce((sum, { weight }) => sum + weight, 0),
  };
}

interface Finding {
  readonly level: Level;
  readonly weight: number;
  readonly reason: string;
}

function ofState(state: string): Finding[] {
  if (state === "UP") return [];
  return state === "DOWN"
    ? [{ level: "bad", weight: 8, reason: "the load balancer is DOWN" }]
    : [{ level: "warn", weight: 1, reason: `its state is ${stateInWords(state)}` }];
}

function ofReading({ problem, servers }: BalancerStatus): Finding[] {
  if (problem !== undefined) {
    return [{ level: "bad", weight: 4, reason: "its servers could not be read" }];
  }
  if (servers !== undefined) return [];
  return [{ level: "warn", weight: 1, reason: "its servers are not known" }];
}

function ofServers(counts: ServerCounts): Finding[] {
  const none = counts.up === 0;
  const found: Finding[] = [];
  if (counts.down > 0) {
    found.push({ level: "bad", weight: none ? 6 : 2, reason: downInWords(counts) });
  }
  if (counts.other > 0) {
    const level = none ? "bad" : "warn";
    found.push({ level, weight: none ? 6 : 1, reason: otherInWords(counts) });
  }
  return found;
}

/** The load balancers with their verdicts, the worst first, else in the cloud's order. */
export function judgeBalancers(balancers: readonly BalancerStatus[]): JudgedBalancer[] {
  return balancers
    .map((balancer) => ({ balancer, verdict: judgeBalancer(balancer) }))
    .sort((a, b) => b.verdict.weight - a.verdict.weight);
}

/** Whether a zone has not been collected once since the start. */
export function isAwaited(zone: ZoneStatus): boolean {
  return !zone.up && zone.problem === undefined && zone.lastSuccessAtMs === undefined;
}

/** `2 of 3 servers are DOWN`, `all 3 servers are DOWN`. */
export function downInWords({ down, all }: ServerCounts): string {
  return `${serversInWords(down, all)} DOWN`;
}

/** `1 of 3 servers is neither UP nor DOWN`. */
export function otherInWords({ other, all }: ServerCounts): string {
  return `${serversInWords(other, all)} neither UP nor DOWN`;
}

/** `all 3 servers are UP`, `no servers`. */
export function upInWords({ up, all }: ServerCounts): string {
  return all === 0 ? "no servers" : `${serversInWords(up, all)} UP`;
}

function serversInWords(part: number, all: number): string {
  if (all === 1) return `its only server is${part === 0 ? " not" : ""}`;
  if (part === all) return `${allOf(all, "server")} are`;
  return `${partOf(part, all, "server")} ${part === 1 ? "is" : "are"}`;
}
