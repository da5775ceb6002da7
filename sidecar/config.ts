/** The sidecar's flags. */
import type { Definition, Values } from "../shared/flags.ts";
import { formatAddress } from "../shared/http.ts";
import { logFlags } from "../shared/log.ts";
import {
  duration,
  listenPort,
  nonEmpty,
  oneOf,
  parsed,
  targetPort,
  wholeNumber,
} from "../shared/values.ts";

/** An http or https URL, or nothing. */
const optionalUrl = parsed("an http:// or https:// URL", (text) => {
  if (text === "") return "";
  const url = URL.parse(text);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url.href : undefined;
});

const flags = {
  host: {
    flag: "host",
    placeholder: "ADDRESS",
    default: "::",
    help: "Address to listen on; :: is every address, IPv4 and IPv6.",
    schema: nonEmpty(),
  },
  proxyPort: {
    flag: "proxy-port",
    placeholder: "PORT",
    default: "19090",
    help: "Port to listen on, where Prometheus scrapes.",
    schema: listenPort(),
  },
  originalHost: {
    flag: "original-host",
    placeholder: "ADDRESS",
    default: "127.0.0.1",
    help: "Address of the application, without brackets also for IPv6.",
    schema: nonEmpty(),
  },
  originalPort: {
    flag: "original-port",
    placeholder: "PORT",
    default: "9090",
    help: "Port where the application serves its metrics.",
    schema: targetPort(),
  },
  originalScheme: {
    flag: "original-scheme",
    placeholder: "SCHEME",
    default: "http",
    help: "How the application serves its metrics: http or https. A certificate is not verified where --original-host is this pod's own loopback.",
    schema: oneOf(["http", "https"]),
  },
  metricsPaths: {
    flag: "metrics-path",
    placeholder: "PATH",
    default: "/metrics",
    repeatable: true,
    help: "Path that reaches the application; repeatable, or separated by commas. Every other path is 404, but for the sidecar's own below /-/, /healthz and /readyz.",
    schema: parsed("paths that begin with / and not with /-/, separated by commas", parsePaths),
  },
  captureQuery: {
    flag: "capture-query",
    placeholder: "QUERY",
    default: "",
    help: "Query of the captures that are made before any scraper has shown its own, as a scraper will send it: encoded, without the question mark.",
    schema: parsed("an encoded query without ? and #", (text) =>
      /^[\w.~%+&=;:@,/!$'()*-]*$/.test(text) ? text : undefined,
    ),
  },
  gracePeriodSeconds: {
    flag: "termination-grace-period-seconds",
    placeholder: "SECONDS",
    default: "30",
    help: "The pod's terminationGracePeriodSeconds: the sidecar is gone before it ends.",
    schema: wholeNumber(1, 86_400),
  },
  captureIntervalMs: {
    flag: "capture-interval",
    placeholder: "DURATION",
    default: "20ms",
    help: "Pause between two captures of the application's page once the pod is ending; longer where the application is slow, but never longer than a capture takes.",
    schema: duration(1, 10_000),
  },
  upstreamTimeoutMs: {
    flag: "upstream-timeout",
    placeholder: "DURATION",
    default: "10s",
    help: "Longest wait for the application's answer; a scrape that announces a shorter timeout gets that, less half a second.",
    schema: duration(100, 120_000),
  },
  expectedScrapers: {
    flag: "expected-scrapers",
    placeholder: "NUMBER",
    default: "0",
    help: "Scrapers to wait for at the pod's end, where they cannot be told apart by address, User-Agent or connection; 0: those that are.",
    schema: wholeNumber(0, 16),
  },
  unscrapedWaitSeconds: {
    flag: "unscraped-wait-seconds",
    placeholder: "SECONDS",
    default: "75",
    help: "How long after the sidecar's start a first scrape is still waited for at the pod's end: Prometheus's default interval of 60 s, and 15 s to discover the pod.",
    schema: wholeNumber(0, 86_400),
  },
  backgroundCaptureSeconds: {
    flag: "background-capture-seconds",
    placeholder: "SECONDS",
    default: "0",
    help: "Capture the page every so many seconds while the pod lives, for an application that ends by itself; 0: never.",
    schema: wholeNumber(0, 3600),
  },
  maxCaptureBytes: {
    flag: "max-capture-bytes",
    placeholder: "BYTES",
    default: "16777216",
    help: "Largest page that is kept at the pod's end, in bytes as the application encodes it; pages that are passed through have no limit.",
    schema: wholeNumber(1, 1_073_741_824),
  },
  prestopToken: {
    flag: "prestop-token",
    placeholder: "TOKEN",
    default: "",
    help: "What GET /-/prestop must show in the header X-Prestop-Token; none: anybody may call it. The pod's specification holds it anyway, in the hook's httpHeaders.",
    schema: parsed("text without blanks", (text) => (/^\S*$/.test(text) ? text : undefined)),
  },
  terminationMessagePath: {
    flag: "termination-message-path",
    placeholder: "FILE",
    default: "/dev/termination-log",
    help: "File for the report at the end, written only where it exists.",
    schema: nonEmpty(),
  },
  reportUrl: {
    flag: "report-url",
    placeholder: "URL",
    default: "",
    help: "Where the beginning of the pod's end and the report at its end are posted once each, best effort and for at most one second.",
    schema: optionalUrl,
  },
  ...logFlags,
} as const;

/** The sidecar's command line. */
export const definition: Definition<typeof flags> = {
  name: "sidecar",
  prefix: "SIDECAR",
  about:
    "Stands before an application's metrics: passes each scrape through untouched and, when the pod ends, keeps the page that the application served last until every scraper has it.",
  flags,
  examples: [
    "sidecar --original-port 9090 --proxy-port 19090 --termination-grace-period-seconds 30",
    "curl http://localhost:19090/metrics      # the application's page",
    "curl http://localhost:19090/-/metrics    # the sidecar's own",
  ],
  check: ({ proxyPort, originalPort, originalHost }) =>
    proxyPort === originalPort && isLoopback(originalHost)
      ? [
          `--proxy-port and --original-port: both are ${proxyPort}, so the sidecar would ask itself; choose another --proxy-port`,
        ]
      : [],
};

/** What the sidecar runs with. */
export type Config = Values<typeof flags>;

/** The application's base URL. */
export function originalUrl(config: Config): string {
  return `${config.originalScheme}://${formatAddress({ host: config.originalHost, port: config.originalPort })}`;
}

/** What is captured as long as no scraper has asked: the first of the paths, with the query. */
export function defaultPath({ metricsPaths, captureQuery }: Config): string {
  const [path = "/metrics"] = metricsPaths;
  return captureQuery === "" ? path : `${path}?${captureQuery}`;
}

/** Whether the application's certificate is checked: not where it is this pod itself. */
export function verifiesCertificate({ originalHost }: Config): boolean {
  return !isLoopback(originalHost);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function parsePaths(text: string): readonly string[] | undefined {
  const paths = text.split(",").map((path) => path.trim());
  return paths.every(isMetricsPath) ? paths : undefined;
}

/** A plain absolute path: no query, and none of the characters that would make it a pattern. */
function isMetricsPath(path: string): boolean {
  return /^\/[^\s?#*:]*$/.test(path) && !path.startsWith("/-/");
}
