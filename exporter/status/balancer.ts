/** One load balancer with its verdict -> HTML, whole or as one line. */
import type { BalancerStatus, ServerStatus } from "./facts.ts";
import {
  countServers,
  type JudgedBalancer,
  levelOfState,
  stateInWords,
  upInWords,
  type Verdict,
} from "./judge.ts";
import { notice, pill } from "./parts.ts";
import { plot } from "./plot.ts";
import { before, message, name, plain, time } from "./text.ts";
import { countOf, numberInWords, UNKNOWN } from "./words.ts";

/** What the load balancers of a page share. */
export interface BalancerContext {
  readonly builtAtMs: number;
  readonly intervalMs: number;
  /** Whether the last collection listed the zone. */
  readonly zoneUp: boolean;
}

/** Servers beyond this are counted, not listed; of these, the UP ones first. */
export const MAX_ROWS = 200;

/** A heading to open, and below it facts, plots and the servers. */
export function balancerDetails(
  { balancer, verdict }: JudgedBalancer,
  context: BalancerContext,
  open: boolean,
): string {
  return `<details class="${classOf(verdict, context)}"${open ? " open" : ""}>
<summary>${heading({ balancer, verdict }, context)}</summary>
<div class="inside">
${problem(balancer, context)}${facts(balancer)}${plots(balancer, context)}${servers(balancer)}</div>
</details>
`;
}

/** The heading alone, for a list. */
export function balancerLine(judged: JudgedBalancer, context: BalancerContext): string {
  return `<li class="${classOf(judged.verdict, context)}">${heading(judged, context)}</li>\n`;
}

function classOf({ level }: Verdict, { zoneUp }: BalancerContext): string {
  return zoneUp ? `lb ${level}` : `lb ${level} old`;
}

function heading({ balancer, verdict }: JudgedBalancer, context: BalancerContext): string {
  const { state, servers: known } = balancer;
  const parts = [
    pill(levelOfState(state), plain(stateInWords(state))),
    title(balancer),
    meta(plain(addressOf(balancer))),
    verdict.reasons.length > 0
      ? `<span class="why">${plain(verdict.reasons.join("; "))}</span>`
      : meta(upInWords(countServers(known ?? []))),
    context.zoneUp ? "" : lastKnown(balancer, context),
    load(balancer),
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function meta(html: string): string {
  return html === "" ? "" : `<span class="meta">${html}</span>`;
}

function lastKnown({ serversAtMs }: BalancerStatus, { builtAtMs }: BalancerContext): string {
  return serversAtMs === undefined
    ? meta("as last known")
    : meta(`as of ${time(serversAtMs, builtAtMs)}`);
}

function title(balancer: BalancerStatus): string {
  return `<b>${name(balancer.name === "" ? `(no name, id ${balancer.id})` : balancer.name)}</b>`;
}

function addressOf({ serviceType, serviceIp, servicePort }: BalancerStatus): string {
  const address = [hostOf(serviceIp), servicePort].filter((part) => part !== "").join(":");
  return [serviceType, address].filter((part) => part !== "").join(" ");
}

/** An IPv6 address in brackets, since a port follows. */
function hostOf(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

function load({ requestsPerSecond, connections }: BalancerStatus): string {
  if (requestsPerSecond === undefined && connections === undefined) return "";
  const requests = numberInWords(requestsPerSecond);
  return `<span class="load">${requests} req/s, ${numberInWords(connections)} conn.</span>`;
}

function problem(balancer: BalancerStatus, { builtAtMs, zoneUp }: BalancerContext): string {
  const { serversAtMs } = balancer;
  const when = serversAtMs === undefined ? undefined : before(serversAtMs, builtAtMs);
  if (balancer.problem !== undefined) {
    const why = `<strong>Its servers could not be read:</strong> ${message(balancer.problem)}.`;
    const rest = when === undefined ? "None are known from before" : `Shown are those of ${when}`;
    return notice("bad", `${why} ${rest}.`);
  }
  return zoneUp || when === undefined ? "" : notice("warn", `Its servers are as of ${when}.`);
}

function facts({ id, option, healthcheckType }: BalancerStatus): string {
  const entries = [
    ["id", id],
    ["option", option],
    ["health check", healthcheckType],
  ] as const;
  const shown = entries.filter(([, value]) => value !== "");
  return `<p class="meta">${shown.map(([label, value]) => `${label} ${name(value)}`).join(" · ")}</p>\n`;
}

function plots({ history }: BalancerStatus, { intervalMs }: BalancerContext): string {
  // A plot of one point says nothing that the heading does not.
  if (history.length < 2) return "";
  const pointsOf = (key: "requestsPerSecond" | "connections") =>
    history.map((point) => ({ atMs: point.atMs, value: point[key] }));
  const requests = plot({
    title: "Requests per second",
    caption: "Requests/s",
    points: pointsOf("requestsPerSecond"),
    intervalMs,
  });
  const connections = plot({
    title: "Connections",
    caption: "Connections",
    points: pointsOf("connections"),
    intervalMs,
  });
  return `<div class="plots">${requests}${connections}</div>\n`;
}

const HEADER = ["Server", "State", "Conn.", "Req/s", "TTFB ms", "Through\u00adput"]
  .map((column) => `<th scope="col">${column}`)
  .join("");

function servers(balancer: BalancerStatus): string {
  const { servers: all } = balancer;
  if (all === undefined) return balancer.problem === undefined ? notKnown() : "";
  if (all.length === 0) return "<p>It has no servers.</p>\n";
  const ordered = all.toSorted((a, b) => rank(a) - rank(b));
  const rows = ordered.slice(0, MAX_ROWS).map(row).join("\n");
  const rest = ordered.slice(MAX_ROWS);
  const label = plain(`Servers of ${balancer.name === "" ? balancer.id : balancer.name}`);
  // End tags that HTML lets out are let out: there can be thousands of rows.
  return `<div class="scroll" role="region" tabindex="0" aria-label="${label}"><table>
<thead><tr>${HEADER}</thead>
<tbody>
${rows}
</tbody></table></div>
${rest.length === 0 ? "" : `<p class="meta">${notListed(rest)}</p>\n`}`;
}

function notKnown(): string {
  return "<p>Its servers are not known: none were read, or too long ago.</p>\n";
}

function notListed(rest: readonly ServerStatus[]): string {
  const { up } = countServers(rest);
  return `And ${countOf(rest.length, "more server")}, ${up === rest.length ? "all" : up} UP.`;
}

function rank({ state }: ServerStatus): number {
  return { bad: 0, warn: 1, good: 2 }[levelOfState(state)];
}

function row(server: ServerStatus): string {
  const { ip, port, state, connections, requestsPerSecond, averageTtfbMs, throughputRate } = server;
  const numbers = [connections, requestsPerSecond, averageTtfbMs, throughputRate]
    .map((value) => `<td>${value === undefined ? UNKNOWN : numberInWords(value)}`)
    .join("");
  const word = plain(stateInWords(state));
  return `<tr><th scope="row">${plain(hostOf(ip))}<wbr>:${plain(port)}<td class="${levelOfState(state)}">${word}${numbers}`;
}
