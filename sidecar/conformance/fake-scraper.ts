/** A Prometheus server as a target sees it: its headers, its connections, and what it accepts. */
import type { Answer } from "./answer-reader.ts";
import { AnswerLost, type Endpoint, HttpConnection } from "./http-connection.ts";

/** Accept headers as the servers send them. */
export const ACCEPT = {
  prometheus2:
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
  prometheus3:
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
  protobufFirst:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
  text: "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
} as const;

export interface ScraperOptions {
  /** The target's port. */
  readonly port: number;
  /** The target's address, default 127.0.0.1. */
  readonly host?: string;
  /** Address to come from, default whatever the system takes. */
  readonly localAddress?: string;
  /** Path and query, default /metrics. */
  readonly target?: string;
  /** Default Prometheus/3.5.0. */
  readonly userAgent?: string;
  /** Default text 0.0.4, which is the easiest to read in a test. */
  readonly accept?: string;
  /** Default true, as in Prometheus. */
  readonly gzip?: boolean;
  /** Announced, and kept to. Default 10. */
  readonly timeoutSeconds?: number;
  /** Whether the connection stays open for the next scrape, default true, as in Prometheus. */
  readonly keepAlive?: boolean;
  /** More headers, such as Authorization. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A scrape, as `up` would tell it. `page` is decompressed. */
export type Scrape =
  | { readonly up: 1; readonly answer: Answer; readonly page: Buffer; readonly contentType: string }
  | { readonly up: 0; readonly why: string; readonly answer: Answer | undefined };

const MEDIA_TYPES = [
  "application/openmetrics-text",
  "application/vnd.google.protobuf",
  "text/plain",
];

/** One server. Each has its own connection, which it keeps as Go's client does. */
export class FakeScraper implements Disposable {
  readonly options: ScraperOptions;
  #connection: HttpConnection | undefined;

  constructor(options: ScraperOptions) {
    this.options = options;
  }

  /** Where it scrapes, and from where. */
  get endpoint(): Endpoint {
    const { host = "127.0.0.1", port, localAddress } = this.options;
    return { host, port, localAddress };
  }

  /** Path and query. */
  get target(): string {
    return this.options.target ?? "/metrics";
  }

  /** The headers of each scrape. */
  get headers(): Readonly<Record<string, string>> {
    const { accept = ACCEPT.text, gzip = true, timeoutSeconds = 10 } = this.options;
    return {
      "User-Agent": this.options.userAgent ?? "Prometheus/3.5.0",
      Accept: accept,
      "Accept-Encoding": gzip ? "gzip" : "identity",
      "X-Prometheus-Scrape-Timeout-Seconds": `${timeoutSeconds}`,
      ...this.options.headers,
    };
  }

  /** Scrapes once, by the rules of Prometheus 3. Never throws for what the target does. */
  async scrape(): Promise<Scrape> {
    let answer: Answer;
    try {
      answer = await this.#ask();
    } catch (error) {
      return { up: 0, why: String(error), answer: undefined };
    }
    return judge(answer);
  }

  /** Scrapes, and gives the value of a series of a text or OpenMetrics page. Throws if it fails. */
  async value(series: string): Promise<number | undefined> {
    return valueOf(await this.page(), series);
  }

  /** Scrapes, and gives the page. Throws if the scrape fails. */
  async page(): Promise<Buffer> {
    const scrape = await this.scrape();
    if (scrape.up === 0) throw new Error(`The scrape failed: ${scrape.why}`);
    return scrape.page;
  }

  /** Ends its connection, as a server does that shuts down. */
  close(): void {
    this.#connection?.end();
    this.#connection = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #ask(): Promise<Answer> {
    const kept = this.#connection;
    if (kept !== undefined && !kept.over) {
      try {
        return await this.#askOn(kept);
      } catch (error) {
        // A kept connection that ends before the first byte was closed meanwhile: Go's client, too,
        // then asks again on a new one.
        if (!(error instanceof AnswerLost) || error.received > 0 || !kept.over) throw error;
      }
    }
    return await this.#askOn(await HttpConnection.open(this.endpoint));
  }

  async #askOn(connection: HttpConnection): Promise<Answer> {
    const { keepAlive = true, timeoutSeconds = 10 } = this.options;
    this.#connection = undefined;
    let whole = false;
    try {
      const answer = await connection.ask({
        target: this.target,
        headers: { ...this.headers, ...(keepAlive ? {} : { Connection: "close" }) },
        timeoutMs: timeoutSeconds * 1000,
      });
      whole = true;
      const serverCloses = answer.headers.get("connection")?.toLowerCase() === "close";
      if (keepAlive && !serverCloses && !connection.over) this.#connection = connection;
      else connection.end();
      return answer;
    } finally {
      if (!whole) connection.reset();
    }
  }
}

/** The value of a series on a text or OpenMetrics page. */
export function valueOf(page: Buffer, series: string): number | undefined {
  const line = page
    .toString()
    .split("\n")
    .find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** What Prometheus 3 makes of an answer, with no fallback_scrape_protocol set. */
function judge(answer: Answer): Scrape {
  const contentType = answer.headers.get("content-type") ?? "";
  const why = faultOfHead(answer.status, contentType) ?? faultOfEncoding(answer);
  if (why !== undefined) return { up: 0, why, answer };
  const gzip = answer.headers.get("content-encoding") === "gzip";
  const page = gzip ? Buffer.from(Bun.gunzipSync(new Uint8Array(answer.body))) : answer.body;
  if (contentType.startsWith("application/openmetrics-text") && !endsAsOpenMetrics(page)) {
    return { up: 0, why: "data does not end with # EOF", answer };
  }
  return { up: 1, answer, page, contentType };
}

function faultOfHead(status: number, contentType: string): string | undefined {
  if (status !== 200) return `server returned HTTP status ${status}`;
  if (contentType === "") return "blank Content-Type";
  const [mediaType = "", ...parameters] = contentType.split(";").map((part) => part.trim());
  const parsable = parameters.every((one) => /^[\w.-]+=("[^"]*"|[\w./-]+)$/.test(one));
  if (!parsable) return `cannot parse Content-Type ${contentType}`;
  const supported = MEDIA_TYPES.includes(mediaType.toLowerCase());
  return supported ? undefined : `unsupported Content-Type ${contentType}`;
}

function faultOfEncoding({ headers, body }: Answer): string | undefined {
  const announced = headers.get("content-encoding") === "gzip";
  const zipped = body[0] === 0x1f && body[1] === 0x8b;
  if (announced === zipped) return undefined;
  return announced ? "gzip: invalid header" : "gzip bytes that are not announced";
}

function endsAsOpenMetrics(page: Buffer): boolean {
  return page.subarray(-6).toString() === "# EOF\n";
}
