/** The routes: metrics paths reach the application, `/-/…` is the sidecar's own, all else is 404. */
import { type Context, Hono } from "hono";
import type { Registry } from "prom-client";
import { addHealth, get, methodNotAllowed, type Readiness, sendMetrics } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import { type Format, formatKey } from "./ending/pages.ts";
import { type ProxyOptions, proxy } from "./proxy.ts";

/** What Hono is given beside the request: whose connection it came on. `Bun.serve`'s server fits. */
export interface Listening {
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
}

type Env = { Bindings: Listening };

export interface AppOptions extends ProxyOptions {
  readonly metricsPaths: readonly string[];
  /** What the preStop hook has to show in `X-Prestop-Token`; empty: nothing. */
  readonly prestopToken: string;
  /** The pod's grace period in milliseconds. */
  readonly graceMs: number;
  /** The sidecar's own metrics, made when they are first asked for. */
  readonly registry: () => Promise<Registry>;
  readonly log: Logger;
  readonly readiness: () => Readiness;
}

/** A preStop hook is held for the first whole capture, so that the application is not told to stop before. */
const LONGEST_HOLD_MS = 2000;
const HOLD_PART_OF_GRACE = 10;

/** Answers every request that the listener gets. */
export function createApp(options: AppOptions): Hono<Env> {
  const { metricsPaths, registry, readiness, log } = options;
  const app = new Hono<Env>();
  for (const path of metricsPaths) {
    app.get(path, async (c) => await scrape(c, options));
    app.all(path, (c) => methodNotAllowed(c, "GET, HEAD"));
  }
  addHealth(app as unknown as Hono, readiness);
  get(app as unknown as Hono, "/-/metrics", async (c) => await sendMetrics(c, await registry()));
  get(app as unknown as Hono, "/-/status", (c) => c.json(describeStatus(options)));
  app.get("/-/prestop", (c) => prestop(c, options));
  app.all("/-/prestop", (c) => methodNotAllowed(c, "GET, HEAD"));
  app.on(["GET", "POST"], "/-/flush", (c) => flush(c, options));
  app.all("/-/flush", (c) => methodNotAllowed(c, "GET, POST"));
  app.notFound((c) =>
    c.text(`Only ${metricsPaths.join(", ")} reach the application; see also /-/status\n`, 404),
  );
  app.onError((error, c) => {
    log.error("A request failed inside the sidecar", { path: c.req.path, error });
    return c.text("Internal error in the metrics proxy, see its log\n", 500);
  });
  return app;
}

async function scrape(c: Context<Env>, options: AppOptions): Promise<Response> {
  const { url } = c.req.raw;
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  // Hono decodes what it compares; only the very path is the application's.
  const [path = ""] = target.split("?", 1);
  if (!options.metricsPaths.includes(path)) return await c.notFound();
  return await proxy({ request: c.req.raw, target, peer: peerOf(c) }, options);
}

/** The client's end of the connection; an IPv4 address is written as such on a dual-stack listener, too. */
function peerOf(c: Context<Env>) {
  // A client that has reset by now has no address any more.
  const { address = "", port = 0 } = c.env.requestIP(c.req.raw) ?? {};
  const table = address.includes(":") ? "tcp6" : "tcp";
  return { address: address.replace(/^::ffff:(?=\d+\.)/, ""), port, table } as const;
}

async function prestop(c: Context<Env>, { prestopToken, ending, graceMs }: AppOptions) {
  if (prestopToken !== "" && c.req.header("x-prestop-token") !== prestopToken) {
    return c.text("The header X-Prestop-Token does not hold the token of --prestop-token\n", 403);
  }
  ending.prestop();
  // Bounded, because an application that hangs must not keep the kubelet from its SIGTERM.
  const holdMs = Math.min(LONGEST_HOLD_MS, graceMs / HOLD_PART_OF_GRACE);
  await Promise.race([ending.firstCapture(), Bun.sleep(holdMs)]);
  return c.text("draining\n");
}

async function flush(c: Context<Env>, { ending }: AppOptions) {
  const { address } = peerOf(c);
  if (address !== "::1" && !address.startsWith("127.")) {
    return c.text("A flush is taken from 127.0.0.1 and ::1 only\n", 403);
  }
  const outcome = await ending.flush();
  if (outcome === "whole") return c.text("captured\n");
  return c.text(`The application's page could not be captured: ${outcome}\n`, 502);
}

function describeStatus(options: AppOptions) {
  const { ending, scrapers, nowMs, pages, tally } = options;
  const now = nowMs();
  const active = new Set(scrapers.active(now).map(({ id }) => id));
  return {
    phase: ending.phase,
    scrapers: scrapers.all().map((scraper) => ({
      address: scraper.address,
      user_agent: scraper.userAgent,
      last_scrape_seconds_ago: seconds(now - scraper.lastMs),
      interval_seconds: scraper.intervalMs === undefined ? null : seconds(scraper.intervalMs),
      active: active.has(scraper.id),
      satisfied: ending.standing(scraper) !== "behind",
    })),
    captures: {
      ...tally.captures,
      formats: pages.wanted().map((format) => describeFormat(format, options)),
    },
  };
}

/** A format without its headers and query, which may hold secrets. */
function describeFormat(format: Format, { pages, nowMs }: AppOptions) {
  const page = pages.page(formatKey(format));
  return {
    path: format.path.split("?", 1)[0],
    accept: format.headers.get("accept"),
    encoding: format.headers.get("accept-encoding"),
    bytes: page?.bytes.length ?? null,
    age_seconds: page === undefined ? null : seconds(nowMs() - page.asOfMs),
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
