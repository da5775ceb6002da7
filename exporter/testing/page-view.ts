/** A snapshot -> its samples by name and labels, once both formats are well-formed and the page agrees with itself. */
import { deepStrictEqual } from "node:assert/strict";
import type { Snapshot } from "../snapshot.ts";
import { keyOf, parseStrictly, type Sample, type StrictFamily } from "./strict-page.ts";

type Labels = Readonly<Record<string, string>>;

/** A page that was found consistent. */
export interface PageView {
  /** The value of the one sample that has these labels among its own, or `undefined`. Throws if there are several. */
  value(name: string, labels?: Labels): number | undefined;
  /** Every sample that has these labels among its own. */
  all(name: string, labels?: Labels): readonly Sample[];
  /** The distinct values of one label over all samples of a metric, in their order. */
  values(name: string, label: string): readonly string[];
}

/** Reads a page in all its forms. Throws where one is malformed, or where the page contradicts itself. */
export async function viewPage({ pages }: Snapshot): Promise<PageView> {
  const text = await pages.text.plain.text();
  const families = parseStrictly(text, "text");
  const openMetrics = parseStrictly(await pages.openmetrics.plain.text(), "openmetrics");
  deepStrictEqual(samplesOf(openMetrics).map(keyed), samplesOf(families).map(keyed));
  deepStrictEqual(
    Bun.gunzipSync(await pages.text.gzip.arrayBuffer()).length,
    pages.text.plain.size,
  );
  const samples = samplesOf(families);
  const byName = Map.groupBy(samples, ({ name }) => name);
  const all = (name: string, labels: Labels = {}) =>
    (byName.get(name) ?? []).filter((one) => has(one, labels));
  const view: PageView = {
    all,
    value: (name, labels) => {
      const found = all(name, labels);
      if (found.length > 1) throw new Error(`${name} ${JSON.stringify(labels)}: not one sample`);
      return found[0]?.value;
    },
    values: (name, label) => [...new Set(all(name).map(({ labels }) => labels[label] ?? ""))],
  };
  deepStrictEqual(view.value("ktcloud_snapshot_samples"), samples.length - 2);
  checkZones(view);
  checkBalancers(view);
  return view;
}

function samplesOf(families: readonly StrictFamily[]): readonly Sample[] {
  return families.flatMap(({ samples }) => samples);
}

function keyed(sample: Sample): string {
  return `${keyOf(sample)} ${sample.value}`;
}

function has({ labels }: Sample, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** The labels that a zone's series share. */
function zoneOf({ labels: { zone = "", account } }: Sample): Labels {
  return { zone, ...(account !== undefined && { account }) };
}

function balancerOf(sample: Sample): Labels {
  const { lb_id = "", lb_name = "" } = sample.labels;
  return { lb_id, lb_name, ...zoneOf(sample) };
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

function agree(what: string, left: unknown, right: unknown): void {
  if (!Bun.deepEquals(left, right))
    throw new Error(`${what}: ${JSON.stringify(left)} is not ${JSON.stringify(right)}`);
}

/** The total is the sum of what is known of every zone, and absent where that of one is not. */
function checkZones(view: PageView): void {
  const zones = view.all("ktcloud_lb_exporter_info_info").map(zoneOf);
  const counts = view.all("ktcloud_zone_load_balancers");
  const known = counts.length === zones.length && zones.length > 0;
  agree("total", view.value("ktcloud_lb_total_count"), known ? sum(counts) : undefined);
  for (const zone of zones) {
    const count = view.value("ktcloud_zone_load_balancers", zone);
    const shown = view.all("ktcloud_lb_state_info", zone);
    if (shown.length > (count ?? 0)) throw new Error("more load balancers than were counted");
    agree("types", sum(view.all("ktcloud_lb_service_type_count", zone)), shown.length);
    const up = view.value("ktcloud_zone_up", zone) === 1;
    if (up && count === undefined) throw new Error("a zone is up, but not counted");
    agree("failures", view.value("ktcloud_zone_consecutive_failures", zone) === 0, up);
    const successes = view.all("ktcloud_lb_success", zone);
    agree("successes", successes.map(balancerOf), shown.map(balancerOf));
    if (!up) agree("successes of a zone that is down", sum(successes), 0);
  }
}

/** What was read is counted and dated; what was not is either of an earlier collection or absent as a whole. */
function checkBalancers(view: PageView): void {
  const grouped = (name: string) =>
    Map.groupBy(view.all(name), (sample) => JSON.stringify(balancerOf(sample)));
  const counts = grouped("ktcloud_lb_server_count");
  const states = grouped("ktcloud_lb_server_state");
  const times = grouped("ktcloud_lb_last_success_timestamp_seconds");
  const words = grouped("ktcloud_lb_state_info");
  for (const success of view.all("ktcloud_lb_success")) {
    const own = JSON.stringify(balancerOf(success));
    const count = counts.get(own)?.[0]?.value;
    const at = times.get(own)?.[0]?.value;
    const servers = states.get(own) ?? [];
    agree(`state word of ${own}`, words.get(own)?.length, 1);
    agree(`age of ${own}`, at === undefined, count === undefined);
    if (servers.length > (count ?? 0)) throw new Error(`more servers than counted: ${own}`);
    const last = view.value("ktcloud_zone_last_success_timestamp_seconds", zoneOf(success));
    if (success.value === 1) agree(`time of ${own}`, at, last);
  }
}
