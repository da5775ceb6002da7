/**
 * An application for the end-to-end tests: counts orders at a steady rate, serves them as metrics, and
 * when told to stop ends in the way that `--ending` names. Its last words are what it has counted.
 */
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { listen } from "../shared/http.ts";
import { ENDINGS, type Ending, GAP_MS, KINDS, PER_SECOND } from "./endings.ts";

/** How often it looks how many orders are due, in milliseconds. */
const TICK_MS = 4;
/** How long it goes on working when it drains before it ends. */
const DRAIN_MS = 1000;
/** How long one page takes where pages are slow; a capture gap is then about ten times that. */
const SLOW_PAGE_MS = 150;
/** Longer than that gap and a page, with room for a busy machine. */
const SLOW_STILL_MS = 2000;
/** How long it counts on after it has closed its port, or before it flushes. */
const LAST_WORK_MS = 300;

/** Histogram buckets, in seconds; an order takes 0.05, 0.5 or 5. */
const BUCKETS = [0.1, 1, 10] as const;

/** Orders taken since the start, as many as are due. */
class Orders {
  readonly #startMs = performance.now();
  readonly #byKind = KINDS.map(() => 0);
  readonly #timer = setInterval(() => this.catchUp(), TICK_MS);
  #stopped = false;

  get total(): number {
    return this.#byKind.reduce((sum, count) => sum + count, 0);
  }

  /** Takes the orders that are due by now. */
  catchUp(): void {
    if (this.#stopped) return;
    const due = Math.floor(((performance.now() - this.#startMs) * PER_SECOND) / 1000);
    for (let n = this.total; n < due; n++) {
      const kind = n % KINDS.length;
      this.#byKind[kind] = (this.#byKind[kind] ?? 0) + 1;
    }
  }

  /** Takes no order from now on. */
  stop(): void {
    this.catchUp();
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** The metrics page: all of it of one moment. */
  page(): string {
    const orders = KINDS.map((kind, i) => `app_orders_total{kind="${kind}"} ${this.#byKind[i]}`);
    let below = 0;
    const buckets = BUCKETS.map((le, i) => {
      below += this.#byKind[i] ?? 0;
      return `app_order_seconds_bucket{le="${le}"} ${below}`;
    });
    return `${[
      "# TYPE app_orders_total counter",
      ...orders,
      "# TYPE app_order_seconds histogram",
      ...buckets,
      `app_order_seconds_bucket{le="+Inf"} ${this.total}`,
      `app_order_seconds_sum ${this.#byKind.reduce((sum, n, i) => sum + n * 0.05 * 10 ** i, 0)}`,
      `app_order_seconds_count ${this.total}`,
      "# TYPE app_uptime_seconds gauge",
      `app_uptime_seconds ${process.uptime()}`,
      "# TYPE process_cpu_seconds_total counter",
      `process_cpu_seconds_total ${process.cpuUsage().user / 1e6}`,
    ].join("\n")}\n`;
  }
}

/** What each page said that was handed out: to a scraper, and to anybody. */
class Pages {
  readonly #scraped: number[] = [];
  #newest = 0;
  #times: readonly number[] = [];

  handedOut(total: number, request: Request): void {
    this.#newest = Math.max(this.#newest, total);
    this.#times = [...this.#times, performance.now()].slice(-5);
    if (request.headers.get("user-agent")?.startsWith("Prometheus/")) this.#scraped.push(total);
  }

  describe() {
    const now = performance.now();
    const ago = this.#times.map((time) => Math.round(now - time));
    return { newest_page: this.#newest, scraped_pages: this.#scraped, last_pages_ms_ago: ago };
  }
}

interface Application {
  readonly ending: Ending;
  readonly orders: Orders;
  readonly pages: Pages;
  /** Where the sidecar listens: told once it has started. */
  proxyPort: number;
}

async function answer(request: Request, application: Application): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method === "PUT") {
    application.proxyPort = Number(pathname.split("/").at(-1));
    return new Response(null, { status: 204 });
  }
  const { orders, pages, ending } = application;
  orders.catchUp();
  const { total } = orders;
  const page = Bun.gzipSync(orders.page());
  if (ending === "slow-pages") await Bun.sleep(SLOW_PAGE_MS);
  pages.handedOut(total, request);
  return new Response(page, {
    headers: { "content-type": "text/plain; version=0.0.4", "content-encoding": "gzip" },
  });
}

/** Says what was counted, how much of it while its port was open, and is gone. */
function leave({ orders, pages }: Application, last: { answerable?: number; flush?: string } = {}) {
  orders.stop();
  const { total } = orders;
  const counted = { total, answerable: total, ...pages.describe(), ...last };
  writeSync(2, `${JSON.stringify({ msg: "Counted", ...counted })}\n`);
  process.exit(0);
}

type Close = () => Promise<void>;

async function drain(application: Application, close: Close, ms: { work: number; still: number }) {
  await Bun.sleep(ms.work);
  application.orders.stop();
  await Bun.sleep(ms.still);
  await close();
  leave(application);
}

async function closeFirst(application: Application, close: Close) {
  const { orders } = application;
  orders.catchUp();
  const answerable = orders.total;
  await Promise.all([close(), Bun.sleep(LAST_WORK_MS)]);
  leave(application, { answerable });
}

async function flush(application: Application) {
  await Bun.sleep(LAST_WORK_MS);
  application.orders.stop();
  leave(application, { flush: await askForFlush(application.proxyPort) });
}

async function askForFlush(proxyPort: number): Promise<string> {
  try {
    const { status } = await fetch(`http://127.0.0.1:${proxyPort}/-/flush`, { keepalive: false });
    return status === 200 ? "answered" : `status ${status}`;
  } catch (error) {
    return String(error);
  }
}

/** The ways to end, by name. None returns. */
const ends: Readonly<Record<Ending, (application: Application, close: Close) => unknown>> = {
  "exit-at-once": (application) => leave(application),
  "drain-and-serve": (application, close) =>
    drain(application, close, { work: DRAIN_MS, still: GAP_MS }),
  "drain-quietly": (application, close) => drain(application, close, { work: 0, still: GAP_MS }),
  "close-port-first": closeFirst,
  "slow-pages": (application, close) =>
    drain(application, close, { work: DRAIN_MS, still: SLOW_STILL_MS }),
  flush,
};

function main(): void {
  const { values } = parseArgs({ options: { ending: { type: "string" } } });
  const ending = ENDINGS.find((name) => name === values.ending);
  if (ending === undefined) throw new RangeError(`--ending: one of ${ENDINGS.join(", ")}`);
  const application = { ending, orders: new Orders(), pages: new Pages(), proxyPort: 0 };
  const listener = listen({
    flag: "--port",
    bind: { host: "127.0.0.1", port: 0 },
    fetch: (request) => answer(request, application),
  });
  process.once("SIGTERM", () => ends[ending](application, () => listener.close(1000)));
  const listening = { msg: "Listening", listener: "metrics", port: listener.port };
  writeSync(2, `${JSON.stringify(listening)}\n`);
}

main();
