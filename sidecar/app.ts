/** The routes: metrics paths reach the application, `/-/…` is the sidecar's own, all else is 404. */
import { type Context, Hono } from "hono";
import type { Registry } from "prom-client";
import { addHealth, get, methodNotAllowed, type Readiness, sendMetrics } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import type { Captures } from "./capture.ts";
import type { Answer, Handler, ServerRequest } from "./connection.ts";
import { blockOf } from "./headers.ts";
import { plainAnswer } from "./plain-answer.ts";
import { type ProxyOptions, proxy } from "./proxy.ts";

/** What Hono is given beside the request: the address of whoever asks. */
type ControlEnv = { Bindings: { readonly address: string } };

export interface AppOptions extends ProxyOptions {
  readonly metricsPaths: readonly string[];
  /** What the preStop hook has to show in `X-Prestop-Token`; empty: nothing. */
  readonly prestopToken: string;
  /** The sidecar's own metrics, made when they are first asked for. */
  readonly registry: () => Promise<Registry>;
  readonly log: Logger;
  readonly readiness: () => Readiness;
}

/** TRACE and CONNECT, for two, cannot even be asked of a web framework. */
const CONTROL_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** How long a preStop hook is held for the first whole capture: the application is not told to stop before. */
const PRESTOP_HOLD_MS = 100;

/** Answers every request that the listener gets. Never rejects. */
export function createHandler(options: AppOptions): Handler {
  const { metricsPaths, log } = options;
  const paths = new Set(metricsPaths);
  const control = createControlApp(options);
  return async (request) => {
    try {
      if (!paths.has(request.path)) {
        if (CONTROL_METHODS.has(request.method)) return await askControl(control, request);
        return plainAnswer(
          405,
          `${request.method} is not allowed here`,
          "Allow: GET, HEAD, POST\r\n",
        );
      }
      if (request.method === "GET" || request.method === "HEAD")
        return await proxy(request, options);
      const refusal = `${request.method} is not allowed here, only GET, HEAD`;
      return plainAnswer(405, refusal, "Allow: GET, HEAD\r\n");
    } catch (error) {
      log.error("A request failed inside the sidecar", { path: request.path, error });
      return plainAnswer(500, "Internal error in the metrics proxy, see its log");
    }
  };
}

/** The sidecar's own routes. */
export function createControlApp(options: AppOptions): Hono<ControlEnv> {
  const { metricsPaths, registry, readiness } = options;
  const app = new Hono<ControlEnv>();
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
  return app;
}

async function prestop(c: Context<ControlEnv>, { prestopToken, session }: AppOptions) {
  if (prestopToken !== "" && c.req.header("x-prestop-token") !== prestopToken) {
    return c.text("The header X-Prestop-Token does not hold the token of --prestop-token\n", 403);
  }
  session.prestop();
  // Bounded, because an application that hangs must not keep the kubelet from its SIGTERM.
  await Promise.race([session.firstCapture(), Bun.sleep(PRESTOP_HOLD_MS)]);
  return c.text("draining\n");
}

async function flush(c: Context<ControlEnv>, { session }: AppOptions) {
  const { address } = c.env;
  if (address !== "::1" && !address.startsWith("127.")) {
    return c.text("A flush is taken from 127.0.0.1 and ::1 only\n", 403);
  }
  const outcome = await session.capture();
  if (outcome === "whole") return c.text("captured\n");
  return c.text(`The application's page could not be captured: ${outcome}\n`, 502);
}

function describeStatus({ session, scrapers, nowMs, captures, tally }: AppOptions) {
  const now = nowMs();
  const active = new Set(scrapers.active(now).map(({ id }) => id));
  return {
    phase: session.phase,
    scrapers: scrapers.all().map((scraper) => ({
      address: scraper.address,
      user_agent: scraper.userAgent,
      last_scrape_seconds_ago: seconds(now - scraper.lastMs),
      interval_seconds: scraper.intervalMs === undefined ? null : seconds(scraper.intervalMs),
      active: active.has(scraper.id),
      satisfied: session.standing(scraper) !== "behind",
    })),
    captures: { ...tally.captures, formats: describeFormats(captures, now) },
  };
}

function describeFormats(captures: Captures, nowMs: number) {
  return captures.formats().map(({ path, accept, encoding, page }) => ({
    path,
    accept,
    encoding,
    bytes: page?.bytes.length ?? null,
    age_seconds: page === undefined ? null : seconds(nowMs - page.asOfMs),
  }));
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/** A request as Hono takes it, and its response as the listener sends it. */
async function askControl(app: Hono<ControlEnv>, request: ServerRequest): Promise<Answer> {
  const { method, target, headers, address } = request;
  // Only the path of this URL is looked at.
  const url = `http://sidecar${target}`;
  const response = await app.fetch(new Request(url, { method, headers }), { address });
  return {
    status: response.status,
    statusText: response.statusText,
    // A text of Hono's own has a type only once a server of Bun's sends it.
    headers: response.headers.has("content-type")
      ? blockOf(response.headers)
      : `${blockOf(response.headers)}Content-Type: text/plain; charset=utf-8\r\n`,
    body: new Uint8Array(await response.arrayBuffer()),
    length: Number(response.headers.get("content-length") ?? 0),
  };
}
