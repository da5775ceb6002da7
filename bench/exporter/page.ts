/** A page's text -> what it says about its own collection, and whether that can be one collection. */

/** Series that each server of a load balancer has. */
const SERVER_SERIES: readonly string[] = [
  "ktcloud_lb_server_state",
  "ktcloud_server_current_connections",
  "ktcloud_server_throughput_rate_kbps",
  "ktcloud_server_avg_ttfb_ms",
  "ktcloud_server_requests_rate_per_sec",
];
const [SERVER_STATE = ""] = SERVER_SERIES;
const INFO = "ktcloud_lb_info";
const SERVER_COUNT = "ktcloud_lb_server_count";
const COMPARED: ReadonlySet<string> = new Set([...SERVER_SERIES, INFO, SERVER_COUNT]);
const TOTAL = "ktcloud_lb_total_count";
const TIMESTAMP = "ktcloud_lb_last_scrape_timestamp";
const DURATION = "ktcloud_lb_scrape_duration_seconds";
const UPDATES = "ktcloud_lb_atomic_updates_total";
const SINGLES: ReadonlySet<string> = new Set([TOTAL, TIMESTAMP, DURATION, UPDATES]);

/** A page as far as the bench looks at it; other metrics on it do not matter. */
export interface Page {
  /** Start of its collection, in seconds since the epoch; `undefined` before the first. */
  readonly timestamp: number | undefined;
  /** Duration of that collection in seconds. */
  readonly durationSeconds: number | undefined;
  /** Pages that this process has ever built. */
  readonly updates: number;
  /** All series, whatever they are called. */
  readonly series: number;
  /** Why this cannot be one whole collection of so many load balancers. */
  problem(balancers: number): string | undefined;
  /** Changes with every number of a load balancer or a server. */
  readonly fingerprint: bigint;
}

interface Counts {
  readonly series: Map<string, number>;
  /** By load balancer: servers that it should have, and that have a state. */
  readonly expected: Map<string, number>;
  readonly found: Map<string, number>;
}

/** Reads a page in the Prometheus text format. */
export function readPage(text: string): Page {
  const counts: Counts = { series: new Map(), expected: new Map(), found: new Map() };
  const singles = new Map<string, number>();
  let series = 0;
  let fingerprint = 0n;
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    series++;
    const [name = ""] = line.split(/[ {]/, 1);
    if (COMPARED.has(name)) {
      fingerprint = Bun.hash.wyhash(line, fingerprint);
      count(counts, name, line);
    } else if (SINGLES.has(name)) singles.set(name, valueOf(line));
  }
  return {
    timestamp: singles.get(TIMESTAMP),
    durationSeconds: singles.get(DURATION),
    updates: singles.get(UPDATES) ?? 0,
    series,
    fingerprint,
    problem: (balancers) => problemOf(counts, singles.get(TOTAL), balancers),
  };
}

function count({ series, expected, found }: Counts, name: string, line: string): void {
  add(series, name);
  if (name !== SERVER_COUNT && name !== SERVER_STATE) return;
  const [, id = ""] = /[{,]lb_id="([^"]*)"/.exec(line) ?? [];
  if (name === SERVER_COUNT) expected.set(id, valueOf(line));
  else add(found, id);
}

function problemOf(
  { series, expected, found }: Counts,
  total: number | undefined,
  balancers: number,
): string | undefined {
  if (total !== balancers) return "the number of load balancers is wrong";
  if (series.get(INFO) !== balancers || expected.size !== balancers) {
    return "load balancers are missing";
  }
  for (const [id, servers] of expected) {
    if ((found.get(id) ?? 0) !== servers) return "servers are missing, or too many";
  }
  const states = series.get(SERVER_STATE);
  if (SERVER_SERIES.some((name) => series.get(name) !== states)) return "series are missing";
  return undefined;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function valueOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(" ") + 1));
}
