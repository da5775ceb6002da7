/** An application with metrics that a test controls: what it counts, how it answers, when it is gone. */
import type { TestCertificate } from "../../shared/testing/certificate.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { contentTypeOf, fillerLines, negotiate, renderPage } from "./exposition.ts";
import { type Asked, type Behaviour, listenRaw, type Page, type RawServer } from "./raw-server.ts";

export interface ApplicationOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where the metrics are, default /metrics; `/` is an HTML page, all else 404. */
  readonly path?: string;
  /** Serves TLS. */
  readonly certificate?: TestCertificate;
  /** Content-Type of every page, as it is: `null` for none. By default it is the protocol's own. */
  readonly contentType?: string | null;
  /** How the end of a body is told, default length. */
  readonly framing?: "length" | "chunked";
  /** Bytes that a text page has beside its series. */
  readonly fillerBytes?: number;
  /**
   * Whether series move at every rendering that count nothing of the user's: CPU seconds, a gauge,
   * answers counted by the metrics handler and by path. Default true, as in a real application.
   */
  readonly noise?: boolean;
}

/** User-Agents of this kit's own clients: whatever else asks is the sidecar on its own account. */
const OWN_CLIENTS = /^(Prometheus\/|vmagent|curl\/|kube-probe\/)/;

/** A fake application, which runs from its creation on. */
export class FakeApplication implements Disposable {
  /** Every request so far, oldest first. */
  readonly asked: Asked[] = [];
  /** Every page that was rendered, before compression, oldest first. */
  readonly rendered: Buffer[] = [];
  /** What is counted, by series name with labels. */
  readonly series = new Map<string, number>();
  /** How the next requests are answered. The page is rendered at once, however late the answer. */
  behave: (asked: Asked) => Behaviour = () => ({ kind: "answer" });
  /** The port, which a restart keeps. */
  readonly port: number;
  readonly #options: ApplicationOptions;
  readonly #filler: Buffer;
  #server: RawServer;
  #renderings = 0;

  constructor(options: ApplicationOptions = {}) {
    this.#options = options;
    this.#filler = options.fillerBytes ? fillerLines(options.fillerBytes) : Buffer.alloc(0);
    this.#server = this.#listen(0);
    this.port = this.#server.port;
  }

  /** Counts. A series that is not there yet begins at zero. */
  increment(name: string, by = 1): void {
    this.series.set(name, (this.series.get(name) ?? 0) + by);
  }

  /** Dies, as the outside sees it: connections break off and the port refuses. */
  stop(): void {
    this.#server.stop();
  }

  /** Runs again on the same port, with all counters gone. */
  restart(): void {
    this.series.clear();
    this.#server = this.#listen(this.port);
  }

  /**
   * Stands still until the sidecar has got `formats` different pages on its own account, each asked
   * for after this call. Two captures of a kind may be under way at once, so that the third question shows
   * that the answer to one of them has arrived.
   */
  async captured(formats = 1): Promise<void> {
    const from = this.asked.length;
    await eventually(`${formats} formats captured`, () => {
      const kinds = this.asked.slice(from).filter(isCapture).map(kindOf);
      const times = Map.groupBy(kinds, (kind) => kind);
      return [...times.values()].filter((asked) => asked.length > 2).length >= formats;
    });
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #listen(port: number): RawServer {
    const { host = "127.0.0.1", certificate, framing } = this.#options;
    const answer = (asked: Asked) => {
      this.asked.push(asked);
      return { page: this.#render(asked), behaviour: this.behave(asked) };
    };
    return listenRaw({ host, port, certificate, framing, answer });
  }

  #render(asked: Asked): Page {
    const { path = "/metrics", contentType } = this.#options;
    const url = new URL(asked.target, "http://application");
    if (url.pathname !== path) return otherPage(url.pathname);
    const accept = asked.headers.get("accept") ?? "";
    const protocol = negotiate(accept);
    const plain = renderPage(protocol, this.#seriesFor(url), this.#filler);
    this.rendered.push(plain);
    const headers: [string, string][] = [["x-application", "fake"]];
    const type = contentType === undefined ? contentTypeOf(protocol, accept) : contentType;
    if (type !== null) headers.push(["content-type", type]);
    const zipped = (asked.headers.get("accept-encoding") ?? "").includes("gzip");
    if (zipped) headers.push(["content-encoding", "gzip"]);
    const body = zipped ? Buffer.from(Bun.gzipSync(new Uint8Array(plain))) : plain;
    return { status: 200, headers, body };
  }

  /** A query makes another page: its parameters are the labels of a series. */
  #seriesFor(url: URL): ReadonlyMap<string, number> {
    this.#renderings += 1;
    const labels = [...url.searchParams].map(([name, value]) => `${name}="${value}"`).join(",");
    const series = new Map(this.series);
    if (labels !== "") series.set(`asked_info{${labels}}`, 1);
    if (this.#options.noise === false) return series;
    return series
      .set("process_cpu_seconds_total", this.#renderings / 100)
      .set("queue_length", this.#renderings % 7)
      .set(`served_requests_total{path="${url.pathname}"}`, this.#renderings)
      .set('promhttp_metric_handler_requests_total{code="200"}', this.#renderings);
  }
}

/** Whether the sidecar asked on its own account, and not for one of this kit's clients. */
export function isCapture(asked: Asked): boolean {
  return !OWN_CLIENTS.test(asked.headers.get("user-agent") ?? "");
}

function kindOf({ target, headers }: Asked): string {
  return JSON.stringify([target, headers.get("accept"), headers.get("accept-encoding")]);
}

function otherPage(path: string): Page {
  const headers = [["content-type", "text/html"]] as const;
  if (path === "/") return { status: 200, headers, body: Buffer.from("<html>Hello</html>\n") };
  return { status: 404, headers, body: Buffer.from("Not found\n") };
}
