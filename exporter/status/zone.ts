/** One zone, judged, with its share of the page -> HTML. */
import { formatDuration } from "../../shared/values.ts";
import { type BalancerContext, balancerDetails, balancerLine } from "./balancer.ts";
import type { StatusFacts, ZoneStatus } from "./facts.ts";
import { isAwaited } from "./judge.ts";
import { notice, pill } from "./parts.ts";
import type { Share } from "./share.ts";
import { type JudgedZone, zoneName } from "./summary.ts";
import { before, message, name, time } from "./text.ts";
import { countOf, durationInWords, partOf } from "./words.ts";

/** What a zone's section is made of besides the zone. */
export interface SectionContext {
  readonly facts: Pick<StatusFacts, "builtAtMs" | "intervalMs" | "maxAgeMs">;
  readonly share: Share;
  /** How many load balancers with trouble may still be open. */
  readonly open: number;
}

/** A heading, what there is to say of the zone, and its load balancers. */
export function zoneSection(judged: JudgedZone, context: SectionContext): string {
  const { zone, anchor } = judged;
  return `<section id="${anchor}" aria-labelledby="${anchor}-name">
<h2 id="${anchor}-name">${zonePill(zone)} ${name(zoneName(zone))}</h2>
${factsLine(judged, context)}${notices(zone, context)}${balancers(judged, context)}</section>
`;
}

/** One entry of the list of zones at the top. */
export function zoneEntry(
  { zone, anchor, level, balancers: known }: JudgedZone,
  builtAtMs: number,
): string {
  const { lastSuccessAtMs } = zone;
  const old =
    zone.up || lastSuccessAtMs === undefined ? "" : `, as of ${time(lastSuccessAtMs, builtAtMs)}`;
  const words = known === undefined ? "load balancers not known" : balancersInWords(known) + old;
  const link = `<a href="#${anchor}">${name(zoneName(zone))}</a>`;
  return `<li class="lb ${level}">${zonePill(zone)} ${link} <span class="meta">${words}</span></li>\n`;
}

/** How many load balancers of a zone have trouble and are shown whole. */
export function troubled({ whole }: Share): number {
  return whole.filter(({ verdict }) => verdict.level !== "good").length;
}

function zonePill(zone: ZoneStatus): string {
  if (zone.up) return pill("good", "ANSWERS");
  return isAwaited(zone) ? pill("warn", "AWAITED") : pill("bad", "NO ANSWER");
}

function balancersInWords(known: NonNullable<JudgedZone["balancers"]>): string {
  if (known.length === 0) return "no load balancers";
  const trouble = known.filter(({ verdict }) => verdict.level !== "good").length;
  if (trouble === 0) return `${countOf(known.length, "load balancer")}, no trouble`;
  return `${partOf(trouble, known.length, "load balancer")} with trouble`;
}

function factsLine(
  { zone, balancers: known }: JudgedZone,
  { facts: { builtAtMs } }: SectionContext,
): string {
  const { lastSuccessAtMs, lastDurationMs, dialect } = zone;
  const parts = [
    ...(known === undefined ? [] : [balancersInWords(known)]),
    ...(lastSuccessAtMs === undefined ? [] : [`last listed ${time(lastSuccessAtMs, builtAtMs)}`]),
    ...(lastDurationMs === undefined
      ? []
      : [`last collection took ${durationInWords(lastDurationMs)}`]),
    ...(dialect === undefined ? [] : [`${dialect} API`]),
  ];
  return parts.length === 0 ? "" : `<p class="meta">${parts.join(" · ")}</p>\n`;
}

function notices(zone: ZoneStatus, { facts }: SectionContext): string {
  const { dropped } = zone;
  const parts = [];
  if (isAwaited(zone)) {
    parts.push(
      notice("warn", "Its first collection has not finished yet; nothing is known so far."),
    );
  } else if (!zone.up) parts.push(notice("bad", failureInWords(zone, facts)));
  if (dropped > 0) {
    const what = countOf(dropped, "item");
    const verb = dropped === 1 ? "is" : "are";
    parts.push(
      notice(
        "warn",
        `${what} of the cloud's lists could not be read or repeated another, and ${verb} left out.`,
      ),
    );
  }
  return parts.join("");
}

function failureInWords(zone: ZoneStatus, facts: SectionContext["facts"]): string {
  const { problem, failures, lastSuccessAtMs, balancers: known } = zone;
  const { builtAtMs, maxAgeMs } = facts;
  const times = failures > 1 ? `, ${failures} times in a row` : "";
  const why = problem === undefined ? "the reason is not known" : message(problem);
  const begin = `<strong>The load balancers could not be listed${times}:</strong> ${why}.`;
  if (lastSuccessAtMs === undefined) return `${begin} They were never listed since the start.`;
  const when = before(lastSuccessAtMs, builtAtMs);
  return known === undefined
    ? `${begin} The last good answer is of ${when}, which is more than ${formatDuration(maxAgeMs)}, so nothing of it is shown.`
    : `${begin} What is shown is of ${when}.`;
}

function balancers({ zone, balancers: known }: JudgedZone, context: SectionContext): string {
  if (known === undefined) return "";
  if (known.length === 0) return "<p>The zone has no load balancers.</p>\n";
  const { facts, share, open } = context;
  const shared = { ...facts, zoneUp: zone.up };
  const whole = share.whole.map((one, i) =>
    balancerDetails(one, shared, i < open && one.verdict.level !== "good"),
  );
  return whole.join("") + lines(share, shared);
}

function lines({ lines: shown, counted }: Share, context: BalancerContext): string {
  if (shown.length === 0 && counted.length === 0) return "";
  const list =
    shown.length === 0
      ? ""
      : `<ul>\n${shown.map((one) => balancerLine(one, context)).join("")}</ul>\n`;
  const rest = shown.length + counted.length;
  const hidden = counted.length === 0 ? "" : ` ${hiddenInWords(counted)}`;
  const verb = rest === 1 ? "is" : "are";
  return `<p class="notice">${countOf(rest, "load balancer")} ${verb} not shown in detail, since there are too many for one page.${hidden}</p>
${list}`;
}

function hiddenInWords(counted: Share["counted"]): string {
  const trouble = counted.filter(({ verdict }) => verdict.level !== "good").length;
  const without = trouble === 0 ? "none with trouble" : `${trouble} with trouble`;
  return `${countOf(counted.length, "of them has no line either", "of them have no line either")}, ${without}.`;
}
