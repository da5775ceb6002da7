/** What was observed of a pod -> what of it contradicts the sidecar's promises. */
import { GAP_MS, PER_SECOND, promised } from "./endings.ts";
import type { Observation, Stored } from "./matrix.ts";
import { GRACE_SECONDS, type Report } from "./pod.ts";

/** Everything about a pod's end that must not be; empty if all is well. */
export function complaints(observation: Observation): readonly string[] {
  const { reports, exitCode, seconds, hook = "answered", counted } = observation;
  const { flush = "answered" } = counted;
  const [report] = reports;
  return [
    ...(hook === "answered" ? [] : [`the preStop hook: ${hook}`]),
    ...(flush === "answered" ? [] : [`the flush: ${flush}`]),
    ...(reports.length === 1 ? [] : [`${reports.length} reports`]),
    ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]),
    ...(seconds <= GRACE_SECONDS ? [] : [`it took ${seconds} s`]),
    ...losses(observation),
    ...(report === undefined ? [] : inReport(observation, report)),
  ];
}

function inReport(observation: Observation, report: Report): readonly string[] {
  const { ending, order, stored } = observation;
  const vain = promised(ending, order) !== "reported" && !isDelivered(report);
  return [
    ...(vain ? [`the report says ${report.outcome}: ${report.reason}`] : []),
    ...stored.flatMap((one) => untruths(observation, report, one)),
    ...contradictions(observation, report),
    ...unexplained(observation, report),
  ];
}

/** Orders that the application counted and the server that missed most has not stored. */
export function lost({ counted, stored }: Observation): number {
  return Math.max(...stored.map(({ counter = 0 }) => counted.total - counter));
}

function isDelivered({ outcome }: Report): boolean {
  return outcome === "delivered" || outcome === "unchanged";
}

/** An application answers with what it had counted a moment before, and so does its clock. */
const SLACK_ORDERS = 15;

/** Complete means: no more is lost than was counted within the age of the final page. */
function unexplained({ counted, stored }: Observation, report: Report): readonly string[] {
  const explained = (report.final_page_age_seconds ?? 0) * PER_SECOND + SLACK_ORDERS;
  const missing = stored.map(({ counter = 0 }) => counted.answerable - counter);
  return missing
    .filter((n) => report.complete && n > explained)
    .map((n) => `complete, but lost ${n} orders with a page of ${report.final_page_age_seconds} s`);
}

function losses({ ending, order, counted, stored }: Observation): readonly string[] {
  const promise = promised(ending, order);
  if (promise === "reported") return [];
  const bound = promise === "nothing" ? 0 : (GAP_MS / 1000) * PER_SECOND;
  // What is counted after the port was closed cannot be known to anybody.
  const missing = stored.map(({ counter = 0 }) => counted.answerable - counter);
  return missing.filter((n) => n > bound).map((n) => `lost ${n} orders, at most ${bound} may be`);
}

/** A report speaks of what the application was known to have counted: what its pages said. */
function untruths({ counted }: Observation, report: Report, { counter, histogram }: Stored) {
  if (counter === undefined) return ["nothing was stored"];
  const known = isDelivered(report) ? [counted.newest_page] : counted.scraped_pages;
  const increase = report.moved_families.find(({ name }) => name === "app_orders_total")?.increase;
  const before = counter - (increase ?? 0);
  return [
    ...(counter === histogram ? [] : [`stored of one page ${counter} and ${histogram}`]),
    ...(known.includes(counter) ? [] : [`stored ${counter}, the pages said ${known.join(", ")}`]),
    ...(counted.scraped_pages.includes(before)
      ? []
      : [`reported an increase from ${before}, which no scraper had`]),
  ];
}

/** Every server is named once; who is named as served has the newest page that was known. */
function contradictions({ counted, stored }: Observation, report: Report): readonly string[] {
  const { outcome, complete, reason, served, missed } = report;
  const explained = complete ? isDelivered(report) && reason === "" : reason !== "";
  const names = [...served, ...missed];
  const named = new Set(names.filter((name) => name.includes(" Prometheus/"))).size;
  const current = stored.filter(({ counter }) => counter === counted.newest_page).length;
  return [
    ...(explained ? [] : [`complete is ${complete} for ${outcome}, with the reason "${reason}"`]),
    ...(complete && missed.length > 0 ? [`${outcome}, but missed ${missed.join(", ")}`] : []),
    ...(named === stored.length && names.length === stored.length
      ? []
      : [`the report names ${names.join(", ") || "nobody"}`]),
    ...(served.length <= current ? [] : [`${served.length} served, ${current} have the newest`]),
  ];
}
