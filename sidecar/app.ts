/** The proxy's routes: the metrics paths reach the application, `/-/…` is the sidecar's own. */
import { type Context, Hono } from "hono";
import type { Registry } from "prom-client";
import { addHealth, addMetrics, methodNotAllowed, type Readiness } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import { type Captures, type Format, formatKey, type Page } from "./capture.ts";
import { responseHeaders } from "./headers.ts";
import type { SidecarMetrics } from "./metrics.ts";
import { chunksOf, relay, type Transfer } from "./relay.ts";
import { isScraper, type Scrape } from "./scrapers.ts";
import type { Session } from "./session.ts";
import { deadlineFor, type Upstream, UpstreamTimeout, UpstreamUnreachable } from "./upstream.ts";

/** What Hono is given beside the request: the address of whoever asks. */
export interface ProxyEnv {
  Bindings: { readonly address: string };
}

export interface AppOptions {
  readonly metricsPaths: readonly string[];
  readonly upstreamTimeoutMs: number;
  readonly upstream: Upstream;
  readonly session: Session;
  readonly captures: Captures;
  readonly registry: Registry;
  readonly metrics: SidecarMetrics;
  readonly log: Logger;
  readonly readiness: () => Readiness;
  /** The monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** The sidecar as an app. */
export function createApp(options: AppOptions): Hono<ProxyEnv> {
  const app = new Hono<ProxyEnv>();
  for (const path of options.metricsPaths) {
    // Hono answers HEAD by the GET handler; which of the two it was goes to the application as it is.
    app.get(path, (c) => new Proxied(options, c).answer());
    app.all(path, (c) => methodNotAllowed(c, "GET, HEAD"));
  }
  addHealth(app as unknown as Hono, options.readiness);
  addMetrics(app as unknown as Hono, "/-/metrics", options.registry);
  app.notFound((c) =>
    c.text(
      `Only ${options.metricsPaths.join(", ")} reach the application; see also /-/metrics\n`,
      404,
    ),
  );
  app.onError((error, c) => {
    options.log.error("A request failed inside the sidecar", { path: c.req.path, error });
    return c.text("Internal error in the metrics proxy, see its log\n", 500);
  });
  return app;
}

/** One request on a metrics path. */
class Proxied {
  readonly #options: AppOptions;
  readonly #request: Request;
  readonly #format: Format;
  readonly #scrape: Scrape | undefined;

  constructor(options: AppOptions, c: Context<ProxyEnv>) {
    const { raw } = c.req;
    const { pathname, search } = new URL(raw.url);
    this.#options = options;
    this.#request = raw;
    this.#format = { path: pathname + search, headers: raw.headers };
    const id = `${c.env.address} ${raw.headers.get("user-agent") ?? ""}`;
    this.#scrape =
      isScraper(raw.headers) && raw.method === "GET"
        ? { id, format: formatKey(this.#format) }
        : undefined;
  }

  async answer(): Promise<Response> {
    const { session, captures } = this.#options;
    // FINAL asks nobody: the application is gone, and every scraper must get the same last page.
    const frozen = session.phase === "final" ? captures.pageFor(this.#format) : undefined;
    return frozen === undefined ? await this.#live() : this.#replay(frozen);
  }

  async #live(): Promise<Response> {
    const { upstream, nowMs, upstreamTimeoutMs, metrics } = this.#options;
    const { headers, signal, method } = this.#request;
    const asOfMs = nowMs();
    const timeoutMs = deadlineFor(headers, upstreamTimeoutMs);
    try {
      const answer = await upstream.ask({
        method: method === "HEAD" ? "HEAD" : "GET",
        path: this.#format.path,
        headers,
        timeoutMs,
        signal,
      });
      const page = answer.ok ? undefined : this.#cover();
      if (page === undefined) return this.#pass(answer, asOfMs);
      await answer.body?.cancel();
      return this.#replay(page);
    } catch (error) {
      const late = error instanceof UpstreamTimeout;
      if (!late && !(error instanceof UpstreamUnreachable)) throw error;
      const page = this.#cover();
      if (page !== undefined) return this.#replay(page);
      metrics.scrapes.inc({ outcome: late ? "timeout" : "unreachable" });
      return new Response(`${error.message}\n`, { status: late ? 504 : 502 });
    }
  }

  #cover(): Page | undefined {
    const { session, captures } = this.#options;
    return session.covering ? captures.pageFor(this.#format) : undefined;
  }

  #pass(answer: Response, asOfMs: number): Response {
    const init = {
      status: answer.status,
      statusText: answer.statusText,
      headers: responseHeaders(answer.headers),
    };
    // A HEAD answer's Content-Length speaks of a body that does not come, so there is none to relay.
    if (answer.body === null || this.#request.method === "HEAD") return new Response(null, init);
    const counts = answer.status === 200;
    const body = relay(answer.body, (transfer, bytes) =>
      this.#ended({ transfer, bytes, outcome: "proxied" }, counts ? asOfMs : undefined),
    );
    return new Response(body, init);
  }

  #replay(page: Page): Response {
    const { headers } = page;
    if (this.#request.method === "HEAD") return new Response(null, { headers });
    const body = relay(chunksOf(page.bytes), (transfer, bytes) =>
      this.#ended({ transfer, bytes, outcome: "replayed" }, page.asOfMs),
    );
    return new Response(body, { headers });
  }

  /** Counts a transfer, and a whole 200 answer to a scraper as a scrape. */
  #ended(
    { transfer, bytes, outcome }: { transfer: Transfer; bytes: number; outcome: string },
    asOfMs: number | undefined,
  ): void {
    const { metrics, session, log } = this.#options;
    metrics.scrapes.inc({ outcome: transfer === "whole" ? outcome : transfer });
    metrics.bytes.inc(bytes);
    if (transfer === "broken") log.warn("The application broke its answer off", { bytes });
    if (transfer === "whole" && this.#scrape !== undefined && asOfMs !== undefined) {
      session.delivered(this.#scrape, this.#format, asOfMs);
    }
  }
}
