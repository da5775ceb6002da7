/** A real collector for a test, over HTTP, on a clock that only waiting and the end of a cycle move. */

import { sleep as realSleep } from "../../shared/lifecycle.ts";
import { createLogger, type LogLevel } from "../../shared/log.ts";
import { type Collector, type CollectorSettings, createCollector } from "../collector.ts";
import type { Dialect } from "../ktcloud/api.ts";
import type { Target } from "../targets/target.ts";
import type { CollectorTools } from "../zone-collector.ts";
import { ACCOUNT, PASSWORD, startCloud } from "./cloud.ts";
import { type PageView, viewPage } from "./page-view.ts";
import type { Sample } from "./strict-page.ts";

export const MINUTE = 60_000;
export const START = Date.parse("2026-01-01T00:00:00Z");

/** What differs from a collector of one zone, DX-M1, with short limits. */
export interface StationOptions {
  readonly target?: Partial<Target>;
  /** Instead of one target; each is laid over the one above. */
  readonly targets?: readonly Partial<Target>[];
  readonly settings?: Partial<CollectorSettings>;
  readonly tools?: Partial<CollectorTools>;
  readonly level?: LogLevel;
  /** Whether time is that of this machine, for what is about pace. */
  readonly realTime?: boolean;
}

export interface Station {
  readonly clock: { nowMs: number };
  readonly collector: Collector;
  readonly settings: CollectorSettings;
  readonly target: Target;
  /** All lines of the log so far. */
  readonly lines: string[];
  /** Lines at WARN or above. */
  warnings(): readonly string[];
  /** Collects, checks the page, and lets the rest of a minute pass. */
  cycle(): Promise<PageView>;
}

/** Builds a collector of the cloud at `url`. */
export function createStation(url: string, options: StationOptions = {}): Station {
  const clock = { nowMs: START };
  const lines: string[] = [];
  const { level = "info", realTime = false } = options;
  const log = createLogger({ level, format: "text", write: (line) => lines.push(line) });
  const target: Target = {
    account: undefined,
    apiUrl: url,
    zone: "DX-M1",
    credentials: { account: ACCOUNT, password: PASSWORD },
    dialect: "command",
    include: [],
    exclude: [],
    timeoutMs: 5000,
    concurrency: 4,
    spacingMs: 0,
    ...options.target,
  };
  const settings: CollectorSettings = {
    targets: (options.targets ?? [{}]).map((one) => ({ ...target, ...one })),
    intervalMs: MINUTE,
    deadlineMs: 54_000,
    connectTimeoutMs: 5000,
    proxied: false,
    maxAgeMs: 5 * MINUTE,
    exporter: {
      version: "0",
      port: "9105",
      scrape_interval: "60",
      data_source: "",
      description: "",
    },
    ...options.settings,
  };
  const now = realTime ? Date.now : () => clock.nowMs;
  const tools: CollectorTools = {
    fetch,
    now,
    monotonicNow: realTime ? () => performance.now() : now,
    sleep: realTime ? realSleep : (ms) => pass(clock, ms),
    random: () => 0,
    log,
    ...options.tools,
  };
  const collector = createCollector(settings, tools);
  let startMs = START;
  return {
    clock,
    collector,
    settings,
    target,
    lines,
    warnings: () => lines.filter((line) => /level=(WARN|ERROR)/.test(line)),
    cycle: async () => {
      startMs = clock.nowMs;
      const snapshot = await collector.cycle();
      if (snapshot === undefined) throw new Error("the cycle was given up");
      const page = await viewPage(snapshot);
      clock.nowMs = Math.max(clock.nowMs, startMs + MINUTE);
      return page;
    },
  };
}

/** Whoever waits as long arrives at the same time. */
async function pass(clock: { nowMs: number }, ms: number): Promise<void> {
  const untilMs = clock.nowMs + ms;
  await Promise.resolve();
  clock.nowMs = Math.max(clock.nowMs, untilMs);
}

/** A simulated cloud and a collector of it, on one clock. Numbers stand still. */
export function startStation(
  options: StationOptions & { fleet?: { loadBalancers?: number; servers?: number } } = {},
) {
  const now = () => (options.realTime ? Date.now() : station.clock.nowMs);
  const cloud = startCloud(options.fleet, now);
  cloud.turn({ drift: false });
  const station = createStation(cloud.url, options);
  return { ...station, cloud, [Symbol.asyncDispose]: () => cloud.close() };
}

/** The two generations of the API, for tables. */
export const BOTH: readonly Dialect[] = ["command", "rest"];

/** Every sample that tells of the zone itself, not of how it was asked. */
const FACTS = [
  "ktcloud_lb_total_count",
  "ktcloud_lb_info",
  "ktcloud_lb_server_count",
  "ktcloud_lb_service_type_count",
  "ktcloud_lb_state_info",
  "ktcloud_lb_established_connections",
  "ktcloud_lb_requests_per_second",
  "ktcloud_lb_server_state",
  "ktcloud_server_state_info",
  "ktcloud_server_current_connections",
  "ktcloud_server_throughput_rate_kbps",
  "ktcloud_server_avg_ttfb_ms",
  "ktcloud_server_requests_rate_per_sec",
  "ktcloud_server_request_bytes_per_second",
  "ktcloud_server_response_bytes_per_second",
] as const;

/** What a page says of the zones, in its order. */
export function factsOf(page: PageView): readonly Sample[] {
  return FACTS.flatMap((name) => page.all(name));
}

/** Failures that a page counts, as `operation class number`; those of which there are none left aside. */
export function failuresOn(page: PageView): readonly string[] {
  return page
    .all("ktcloud_api_errors_total")
    .filter(({ value }) => value > 0)
    .map(({ labels, value }) => `${labels.operation} ${labels.class} ${value}`);
}
