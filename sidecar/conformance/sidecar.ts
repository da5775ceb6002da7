/** Starts the sidecar under test, and reads what it shows of itself. */
import { expect } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { type LogEntry, type RunningProcess, startProcess } from "../../shared/testing/process.ts";
import type { FakeApplication } from "./fake-application.ts";

/** The executable under test; another one is tested by naming it in SIDECAR_BINARY. */
export const SIDECAR = process.env["SIDECAR_BINARY"] ?? `${import.meta.dir}/../../dist/sidecar`;

/** The part of `/-/status` that these tests read. */
export interface Status {
  readonly phase: string;
  readonly scrapers: readonly {
    readonly address: string;
    readonly user_agent: string;
    readonly active: boolean;
    readonly satisfied: boolean;
    readonly last_scrape_seconds_ago: number;
    readonly interval_seconds: number | null;
  }[];
  readonly captures: { readonly whole: number; readonly failed: number; readonly refused: number };
}

/** The report at the end. */
export interface Report {
  readonly outcome: string;
  readonly complete: boolean;
  readonly reason: string;
  readonly final_page_age_seconds: number | null;
  readonly waited_seconds: number;
  readonly served: readonly string[];
  readonly missed: readonly string[];
  readonly moved_series: number;
  readonly moved_families: readonly { readonly name: string; readonly increase: number }[];
  readonly too_large: number;
}

/** How the sidecar left. */
export interface End {
  readonly code: number | null;
  readonly report: Report;
  /** On the monotonic clock of this process, in milliseconds. */
  readonly atMs: number;
}

/** A running sidecar. */
export interface Sidecar extends AsyncDisposable {
  readonly process: RunningProcess;
  readonly port: number;
  readonly url: string;
  status(): Promise<Status>;
  /** One sample of `/-/metrics`, by its name with labels; `undefined` if it is not there. */
  metric(series: string): Promise<number | undefined>;
  /** Waits until it says that it is in that phase. */
  phase(phase: string): Promise<void>;
  /** Sends a signal and, unless told otherwise, waits until the pod's end has begun. */
  signal(signal?: NodeJS.Signals): Promise<void>;
  /** Waits for the end, which must be within `limitMs` (default 10 s) from now. */
  ended(limitMs?: number): Promise<End>;
}

/** A target that the sidecar stands before. */
export interface Target {
  readonly port: number;
}

/** Starts it on 127.0.0.1 with quick captures, unless `flags` say otherwise. */
export async function startSidecar(target: Target, ...flags: string[]): Promise<Sidecar> {
  const given = (name: string) => flags.some((flag) => flag.startsWith(`--${name}=`));
  const defaults = Object.entries({
    "log-format": "json",
    host: "127.0.0.1",
    "proxy-port": "0",
    "original-port": `${target.port}`,
    "capture-interval": "5ms",
  });
  const args = defaults.filter(([name]) => !given(name)).map(([k, v]) => `--${k}=${v}`);
  const child = startProcess([SIDECAR, ...args, ...flags]);
  try {
    return observe(child, await child.port("proxy"));
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

function observe(child: RunningProcess, port: number): Sidecar {
  const url = `http://127.0.0.1:${port}`;
  const status = async () => {
    const answer = await fetch(`${url}/-/status`, { keepalive: false });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Status;
  };
  return {
    process: child,
    port,
    url,
    status,
    metric: async (series) => {
      const page = await (await fetch(`${url}/-/metrics`, { keepalive: false })).text();
      const line = page.split("\n").find((one) => one.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    phase: async (phase) => {
      await child.logged((entry) => entry.msg === "Phase" && entry["phase"] === phase);
    },
    signal: async (signal = "SIGTERM") => {
      child.kill(signal);
      await child.logged((entry) => entry.msg === "Phase" && entry["phase"] === "draining");
    },
    ended: (limitMs = 10_000) => ended(child, limitMs),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function ended(child: RunningProcess, limitMs: number): Promise<End> {
  const late = Bun.sleep(limitMs).then(() => undefined);
  const outcome = await Promise.race([child.ended(), late]);
  if (outcome === undefined) throw new Error(`The sidecar was not gone after ${limitMs} ms`);
  const atMs = performance.now();
  const entry: LogEntry = await child.logged(({ msg }) => msg === "Final scrape");
  return { code: outcome.code, report: entry as unknown as Report, atMs };
}

/** The report says that nothing was lost, and the exit code is 0. */
export function expectNothingLost({ code, report }: End): void {
  expect(report).toMatchObject({ complete: true, missed: [] });
  expect(["delivered", "unchanged"]).toContain(report.outcome);
  expect(code).toBe(0);
}

/** Waits until the sidecar takes the scraper of that address to have the newest page, or not to. */
export async function satisfied(sidecar: Sidecar, address: string): Promise<Status> {
  return await eventually(`${address} satisfied`, async () => {
    const status = await sidecar.status();
    return status.scrapers.some((one) => one.address === address && one.satisfied) && status;
  });
}

/** For a quarter of a second it does not leave that phase, and nobody counts as served. */
export async function staysUnserved(sidecar: Sidecar, phase: string): Promise<void> {
  const until = performance.now() + 250;
  while (performance.now() < until) {
    const status = await sidecar.status();
    expect(status.phase).toBe(phase);
    expect(status.scrapers.filter((one) => one.satisfied)).toEqual([]);
    await Bun.sleep(10);
  }
}

/** Asks for `/-/prestop` as the kubelet does. */
export async function prestop(sidecar: Sidecar, token?: string): Promise<Response> {
  const headers = token === undefined ? new Headers() : new Headers({ "X-Prestop-Token": token });
  return await fetch(`${sidecar.url}/-/prestop`, { headers, keepalive: false });
}

/** Asks for `/-/flush` from 127.0.0.1. */
export async function flush(sidecar: Sidecar, method = "POST"): Promise<Response> {
  return await fetch(`${sidecar.url}/-/flush`, { method, keepalive: false });
}

/** The application's last page is safe, it dies, and the sidecar sees that after SIGTERM. */
export async function dies(
  application: FakeApplication,
  sidecar: Sidecar,
  formats = 1,
): Promise<void> {
  await application.captured(formats);
  application.stop();
  await sidecar.phase("final");
}
