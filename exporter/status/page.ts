/** The worker's fragment + what is live -> the HTML page at `/`. Cheap: it is made for every request. */
import type { Readiness } from "../../shared/http.ts";
import { intervalOf } from "./envelope.ts";
import type { Level } from "./judge.ts";
import { notice, pill } from "./parts.ts";
import { STYLE_ELEMENT } from "./style.ts";
import { message, name, plain, time } from "./text.ts";
import { ageInWords, durationInWords } from "./words.ts";

/** What only the main thread knows, at the time of the request. Times in ms since the epoch. */
export interface LiveFacts {
  readonly version: string;
  readonly revision: string;
  /** Path of the load balancers' metrics: `/metrics`. */
  readonly telemetryPath: string;
  readonly readiness: Readiness;
  readonly nowMs: number;
  /** When the fragment was built; `undefined` before the first one. */
  readonly builtAtMs: number | undefined;
  /** `alone`: no other replica is looked for. A `standby` collects nothing. */
  readonly role: "alone" | "leading" | "standby";
  /** Who leads, where that is known. */
  readonly leader: string | undefined;
  /** Why the configuration file's last change is not in force. */
  readonly configProblem: string | undefined;
}

/** How many intervals an answer may be old before the page says that it is late. */
const LATE = 2;
/** And before it says that the worker seems dead. */
const DEAD = 5;
/** But not sooner than this: where the interval is a second, one call that times out takes longer. */
const DEAD_MIN_MS = 60_000;

/**
 * The whole page. `fragment` is what `renderStatusFragment` gave last, empty before the first time;
 * it is taken as it is.
 */
export function statusPage(live: LiveFacts, fragment: string): string {
  const { title } = verdict(live, fragment);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – KT Cloud LB exporter</title>
<link rel="icon" href="${ICON}">
${STYLE_ELEMENT}
</head>
<body${isOutdated(live, fragment) ? ' class="outdated"' : ""}>
<header>
<h1>KT Cloud load balancers</h1>
${stateLine(live, fragment)}${notices(live, fragment)}</header>
${fragment === "" ? awaiting(live) : fragment}${footer(live)}</body>
</html>
`;
}

// Bars of a plot on the colour of the lines in it.
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%232f6fd0'/%3E%3Cpath d='M4 12V8M8 12V4M12 12V6' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

type Freshness = "none" | "fresh" | "late" | "dead";

function freshness({ nowMs, builtAtMs }: LiveFacts, fragment: string): Freshness {
  if (builtAtMs === undefined || fragment === "") return "none";
  const intervalMs = intervalOf(fragment) ?? Number.POSITIVE_INFINITY;
  const ageMs = nowMs - builtAtMs;
  if (ageMs > Math.max(DEAD * intervalMs, DEAD_MIN_MS)) return "dead";
  return ageMs > LATE * intervalMs ? "late" : "fresh";
}

/** Whether the fragment says what was, and nobody can tell whether it is still so. */
function isOutdated(live: LiveFacts, fragment: string): boolean {
  const age = freshness(live, fragment);
  return fragment !== "" && (live.role === "standby" || age === "late" || age === "dead");
}

function verdict(live: LiveFacts, fragment: string): { level: Level; title: string } {
  if (live.role === "standby") return { level: "warn", title: "Standby" };
  const age = freshness(live, fragment);
  if (age === "dead" || age === "late") return { level: "bad", title: "Out of date" };
  if (live.readiness !== true) return { level: "bad", title: "Not ready" };
  return { level: "good", title: "Ready" };
}

function stateLine(live: LiveFacts, fragment: string): string {
  const { nowMs, builtAtMs, role } = live;
  const { level, title } = verdict(live, fragment);
  const intervalMs = intervalOf(fragment);
  const parts = [pill(level, `EXPORTER ${title.toUpperCase()}`)];
  if (builtAtMs !== undefined && intervalMs !== undefined) {
    const due = role === "standby" ? "" : `, every ${durationInWords(intervalMs)}`;
    parts.push(`Collected <strong>${ageInWords(nowMs - builtAtMs)} ago</strong>${due}.`);
  }
  parts.push(`It is ${time(nowMs)}.`, `<a href="./">Reload</a>`);
  return `<p class="meta">${parts.join(" ")}</p>\n`;
}

function notices(live: LiveFacts, fragment: string): string {
  const { readiness, configProblem } = live;
  return [
    live.role === "standby" ? standby(live, fragment) : lateness(live, fragment),
    readiness === true || live.role === "standby"
      ? ""
      : notice("bad", `<strong>Not ready:</strong> ${message(readiness)}.`),
    configProblem === undefined
      ? ""
      : notice(
          "bad",
          `<strong>The configuration as it is now is not in force:</strong> ${message(configProblem)}. What was read before still applies.`,
        ),
    live.role === "leading" ? leading(live) : "",
  ].join("");
}

function lateness(live: LiveFacts, fragment: string): string {
  const state = freshness(live, fragment);
  if (state === "none" || state === "fresh") return "";
  const age = ageInWords(live.nowMs - (live.builtAtMs ?? live.nowMs));
  const due = durationInWords(intervalOf(fragment) ?? 0);
  const begin = `<strong>All below is ${age} old</strong>, though a collection is due every ${due}.`;
  return notice(
    "bad",
    state === "dead"
      ? `${begin} The worker that collects seems to be dead or stuck: see the log, and restart this process if no new worker follows.`
      : `${begin} The last one is late: the cloud is slow, or the worker that collects has ended and another one is on its way.`,
  );
}

function standby({ leader }: LiveFacts, fragment: string): string {
  const who =
    leader === undefined
      ? "Nobody is known to lead yet"
      : `<strong>${name(leader)} leads</strong> and collects; its page shows what is current`;
  const below = fragment === "" ? "" : " What is below is from when this replica led.";
  return notice("warn", `This replica stands by and collects nothing. ${who}.${below}`);
}

function leading({ leader }: LiveFacts): string {
  const who = leader === undefined ? "" : ` as ${name(leader)}`;
  return `<p class="meta">This replica leads${who}.</p>\n`;
}

function awaiting({ role }: LiveFacts): string {
  const text =
    role === "standby"
      ? "<p>There is nothing to show here unless this replica takes over.</p>"
      : "<p>Nothing has been collected since the start. The exporter logs in to KT Cloud, lists the load balancers of every zone and asks for the servers of each; the page is there when all of that has been answered or has failed.</p>";
  const headline = role === "standby" ? "Standing by" : "Waiting for the first collection";
  return `<main>
<section class="summary warn" aria-labelledby="headline">
<h2 id="headline">${headline}</h2>
${text}
</section>
</main>
`;
}

function footer({ version, revision, telemetryPath }: LiveFacts): string {
  return `<footer>
<p>${link(telemetryPath, "Metrics")}${link("/-/metrics", "Own metrics")}${link("/-/ready", "Readiness")}</p>
<p>KT Cloud LB exporter ${plain(version)}, revision ${plain(revision)}. “–”: the cloud gave no number. Throughput is as the cloud gives it, its unit is not documented.</p>
</footer>
`;
}

/** Relative, so that it also leads somewhere behind a proxy that puts a path before ours. */
function link(path: string, words: string): string {
  return `<a href=".${plain(path)}">${words}</a>`;
}
