/** The facts of the last collections -> the status page without its frame: summary, zones, load balancers. */
import { wrapFragment } from "./envelope.ts";
import type { StatusFacts } from "./facts.ts";
import { shareOut } from "./share.ts";
import { type JudgedZone, judgeZones, summarise } from "./summary.ts";
import { time } from "./text.ts";
import { troubled, zoneEntry, zoneSection } from "./zone.ts";

/** As many of the worst load balancers begin open; more would hide each other. */
const MAX_OPEN = 5;

/**
 * Renders everything that does not change until the next collection, what is wrong first. Names and
 * errors are escaped; times are absolute, since an age would freeze. At most about 1 MB, see `LIMITS`.
 */
export function renderStatusFragment(facts: StatusFacts): string {
  const zones = judgeZones(facts.zones);
  const shares = shareOut(zones);
  let open = MAX_OPEN;
  const sections = zones.map((zone, i) => {
    const share = shares[i] ?? { whole: [], lines: [], counted: [] };
    const section = zoneSection(zone, { facts, share, open });
    open = Math.max(0, open - troubled(share));
    return section;
  });
  return wrapFragment(facts.intervalMs, summary(zones, facts.builtAtMs) + sections.join(""));
}

// With the time, since the frame may show this long after.
const HEADLINES = { good: "All well", warn: "Something to look at", bad: "Trouble" } as const;

function summary(zones: readonly JudgedZone[], builtAtMs: number): string {
  const { level, parts } = summarise(zones);
  const words = parts.map(({ text, trouble }) => (trouble ? `<strong>${text}</strong>` : text));
  const entries = zones.map((zone) => zoneEntry(zone, builtAtMs)).join("");
  const list = zones.length < 2 ? "" : `<ul>\n${entries}</ul>\n`;
  return `<section id="summary" class="summary ${level}" aria-labelledby="headline">
<h2 id="headline">${HEADLINES[level]} as of ${time(builtAtMs)}</h2>
<p>${words.join("; ")}.</p>
${list}</section>
`;
}
