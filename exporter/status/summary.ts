/** All facts -> the sentence that is read first, and a list of what to look at (pure). */

import type { ZoneStatus } from "./facts.ts";
import {
  countServers,
  downInWords,
  isAwaited,
  type JudgedBalancer,
  judgeBalancers,
  type Level,
  otherInWords,
  upInWords,
} from "./judge.ts";
import { countOf, partOf } from "./words.ts";

/** A zone with its load balancers judged; `anchor` is where the page shows it. */
export interface JudgedZone {
  readonly zone: ZoneStatus;
  readonly anchor: string;
  readonly level: Level;
  /** The worst first; `undefined` where they are not known. */
  readonly balancers: readonly JudgedBalancer[] | undefined;
}

/** What the page begins with. */
export interface Summary {
  readonly level: Level;
  /** `2 of 3 zones answer`, `1 of 14 load balancers could not be read`. Plain text. */
  readonly parts: readonly SummaryPart[];
}

interface SummaryPart {
  readonly text: string;
  /** Whether this is something to look at. */
  readonly trouble: boolean;
}

/** Judges every zone and puts those with trouble first. */
export function judgeZones(zones: readonly ZoneStatus[]): JudgedZone[] {
  return zones
    .map((zone, index) => {
      const balancers = zone.balancers && judgeBalancers(zone.balancers);
      return { zone, anchor: `zone-${index + 1}`, level: levelOf(zone, balancers), balancers };
    })
    .map((judged) => ({ judged, weight: weightOf(judged) }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ judged }) => judged);
}

/** The summary of all zones, from the whole to the parts. */
export function summarise(zones: readonly JudgedZone[]): Summary {
  const balancers = zones.flatMap((one) => one.balancers ?? []);
  const parts = [
    ...zonesInWords(zones),
    ...awaitedInWords(zones),
    ...(zones.some((one) => one.balancers !== undefined) ? balancersInWords(balancers) : []),
    ...oldInWords(zones),
    ...serversInWords(balancers),
    ...droppedInWords(zones),
  ];
  return { level: worst(zones), parts };
}

/** The name of a zone with its account: `DX-M1`, `prod / DX-M1`. */
export function zoneName({ account, zone }: ZoneStatus): string {
  return account === undefined ? zone : `${account} / ${zone}`;
}

function worst(zones: readonly JudgedZone[]): Level {
  if (zones.some(({ level }) => level === "bad")) return "bad";
  return zones.length === 0 || zones.some(({ level }) => level === "warn") ? "warn" : "good";
}

function levelOf(zone: ZoneStatus, balancers: readonly JudgedBalancer[] | undefined): Level {
  const levels = balancers?.map(({ verdict }) => verdict.level) ?? [];
  if ((!zone.up && !isAwaited(zone)) || levels.includes("bad")) return "bad";
  return !zone.up || zone.dropped > 0 || levels.includes("warn") ? "warn" : "good";
}

function weightOf({ zone, level }: JudgedZone): number {
  if (level === "good") return 0;
  if (level === "warn") return 1;
  return zone.up ? 2 : 3;
}

function zonesInWords(zones: readonly JudgedZone[]): SummaryPart[] {
  const asked = zones.filter(({ zone }) => !isAwaited(zone));
  const up = asked.filter(({ zone }) => zone.up).length;
  if (zones.length === 0) return [trouble("No zone is configured")];
  if (asked.length === 0) return [];
  const say = up === asked.length ? fine : trouble;
  return [say(answersInWords(up, zones.length))];
}

function answersInWords(up: number, all: number): string {
  if (all === 1) return up === 1 ? "The zone answers" : "The zone does not answer";
  if (up === all) return `${all === 2 ? "Both" : `All ${all}`} zones answer`;
  if (up === 0) return `None of ${all} zones answers`;
  return `${up} of ${all} zones ${up === 1 ? "answers" : "answer"}`;
}

function awaitedInWords(zones: readonly JudgedZone[]): SummaryPart[] {
  const awaited = zones.filter(({ zone }) => isAwaited(zone)).length;
  if (awaited === 0) return [];
  const verb = awaited === 1 ? "is" : "are";
  return [fine(`${countOf(awaited, "zone")} ${verb} being collected for the first time`)];
}

function balancersInWords(balancers: readonly JudgedBalancer[]): SummaryPart[] {
  if (balancers.length === 0) return [fine("no load balancers")];
  const unread = balancers.filter(({ balancer }) => balancer.problem !== undefined).length;
  const down = balancers.filter(({ balancer }) => balancer.state === "DOWN").length;
  const part = (count: number) => partOf(count, balancers.length, "load balancer");
  const parts = [
    ...(unread === 0 ? [] : [trouble(`${part(unread)} could not be read`)]),
    ...(down === 0 ? [] : [trouble(`${part(down)} ${down === 1 ? "is" : "are"} DOWN`)]),
  ];
  return parts.length === 0 ? [fine(countOf(balancers.length, "load balancer"))] : parts;
}

function oldInWords(zones: readonly JudgedZone[]): SummaryPart[] {
  const old = zones.filter(({ zone }) => !zone.up).flatMap((one) => one.balancers ?? []).length;
  return old === 0 ? [] : [trouble(`${countOf(old, "load balancer")} as last known`)];
}

function serversInWords(balancers: readonly JudgedBalancer[]): SummaryPart[] {
  const counts = countServers(balancers.flatMap(({ balancer }) => balancer.servers ?? []));
  if (counts.all === 0) return [];
  const parts = [
    ...(counts.down > 0 ? [trouble(downInWords(counts))] : []),
    ...(counts.other > 0 ? [trouble(otherInWords(counts))] : []),
  ];
  return parts.length > 0 ? parts : [fine(upInWords(counts))];
}

function droppedInWords(zones: readonly JudgedZone[]): SummaryPart[] {
  const dropped = zones.reduce((sum, { zone }) => sum + zone.dropped, 0);
  if (dropped === 0) return [];
  return [trouble(`${countOf(dropped, "item")} of the cloud's lists could not be read`)];
}

function fine(text: string): SummaryPart {
  return { text, trouble: false };
}

function trouble(text: string): SummaryPart {
  return { text, trouble: true };
}
