/** The sidecar's flags. */
import type { Definition, Values } from "../shared/flags.ts";
import { formatAddress } from "../shared/http.ts";
import { logFlags } from "../shared/log.ts";
import {
  duration,
  listenPort,
  nonEmpty,
  parsed,
  targetPort,
  wholeNumber,
} from "../shared/values.ts";

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
  metricsPaths: {
    flag: "metrics-path",
    placeholder: "PATH",
    default: "/metrics",
    help: "Paths that reach the application, separated by commas; every other path is 404.",
    schema: parsed("paths that begin with / and not with /-/, separated by commas", parsePaths),
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
    help: "Pause between two captures of the application's page once the pod is ending; longer where the application is slow, so that it spends at most a tenth of its time on them.",
    schema: duration(1, 10_000),
  },
  upstreamTimeoutMs: {
    flag: "upstream-timeout",
    placeholder: "DURATION",
    default: "10s",
    help: "Longest wait for the application's answer; a scrape that announces a shorter timeout gets that, less half a second.",
    schema: duration(100, 120_000),
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
  return `http://${formatAddress({ host: config.originalHost, port: config.originalPort })}`;
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
