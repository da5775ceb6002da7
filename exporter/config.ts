/** The exporter's command line and environment. */
import type { Definition, Flags, Values } from "../shared/flags.ts";
import { logFlags } from "../shared/log.ts";
import {
  duration,
  formatDuration,
  httpUrl,
  parsed,
  requiredBindAddress,
  wholeNumber,
} from "../shared/values.ts";
import { COMMANDS } from "./commands/commands.ts";
import { checkLeaderFlags, leaderFlags } from "./leader/flags.ts";
import { inspectAccess } from "./targets/environment.ts";
import { accessFlags, targetFlags } from "./targets/flags.ts";
import { webFlags } from "./web/flags.ts";

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

const RESERVED = ["/", "/healthz", "/readyz"];

const telemetryPath = parsed(
  `a path such as /metrics, but none of ${RESERVED.join(", ")} and nothing below /-/`,
  (text) =>
    /^\/[\w.~/-]*$/.test(text) &&
    // No `/./` or `/../`, which no client sends as they are.
    URL.parse(text, "http://exporter/")?.pathname === text &&
    !RESERVED.includes(text) &&
    !text.startsWith("/-/")
      ? text
      : undefined,
);

/** Gives the deadline for an interval, both in milliseconds. */
const deadline = parsed(
  "a duration from 1s to 1h such as 50s, or a share of the interval from 10% to 100%",
  (text) => {
    const share = /^(\d{1,3})%$/.exec(text)?.[1];
    if (share === undefined) {
      const ms = duration(SECOND_MS, HOUR_MS).safeParse(text);
      return ms.success ? () => ms.data : undefined;
    }
    const percent = Number(share);
    if (percent < 10 || percent > 100) return undefined;
    return (intervalMs: number) => Math.round((intervalMs * percent) / 100);
  },
);

const flags = {
  ...accessFlags,
  ...targetFlags,
  apiUrl: {
    flag: "api.url",
    placeholder: "URL",
    default: "https://api.ucloudbiz.olleh.com",
    help: "Base URL of the cloud's API, without the zone.",
    schema: httpUrl(),
  },
  collectInterval: {
    flag: "collect.interval",
    placeholder: "DURATION",
    default: "60s",
    help: "Time from the start of one collection to the start of the next.",
    schema: duration(SECOND_MS, HOUR_MS),
  },
  collectTimeout: {
    flag: "collect.timeout",
    placeholder: "DURATION",
    default: "10s",
    help: "Deadline of one call of the cloud's API, from the request to the end of the answer.",
    schema: duration(10, 5 * 60 * SECOND_MS),
  },
  connectTimeout: {
    flag: "collect.connect-timeout",
    placeholder: "DURATION",
    default: "3s",
    help: "How long opening a connection to the cloud may take; no limit of its own behind a proxy.",
    schema: duration(10, 5 * 60 * SECOND_MS),
  },
  collectDeadline: {
    flag: "collect.deadline",
    placeholder: "DURATION",
    default: "90%",
    help: "Deadline of one collection, as a duration or as a share of --collect.interval; what is not answered then has failed.",
    schema: deadline,
  },
  startJitter: {
    flag: "collect.start-jitter",
    placeholder: "DURATION",
    default: "1s",
    help: "The first collection begins at a random time within this, so that exporters started together do not ask together.",
    schema: duration(0, HOUR_MS),
  },
  collectConcurrency: {
    flag: "collect.concurrency",
    placeholder: "CALLS",
    default: "4",
    help: "How many calls of the cloud's API may be in flight at a time, in each zone.",
    schema: wholeNumber(1, 64),
  },
  maxAge: {
    flag: "staleness.max-age",
    placeholder: "DURATION",
    default: "5m",
    help: "How long the last good answer stands in for one that failed; then its series end.",
    schema: duration(SECOND_MS, 24 * HOUR_MS),
  },
  listenAddress: {
    flag: "web.listen-address",
    placeholder: "ADDRESS",
    default: ":9105",
    help: "Address to serve on; port 0 takes a free one.",
    schema: requiredBindAddress(),
  },
  telemetryPath: {
    flag: "web.telemetry-path",
    placeholder: "PATH",
    default: "/metrics",
    help: "Path of the load balancers' metrics.",
    schema: telemetryPath,
  },
  ...webFlags,
  ...leaderFlags,
  ...logFlags,
} as const satisfies Flags;

/** What `--help`, the documentation and `main.ts` know of the exporter's configuration. */
export const definition: Definition<typeof flags> = {
  name: "exporter",
  prefix: "EXPORTER",
  about:
    "Exports the load balancers of KT Cloud zones as Prometheus metrics. Every page is one consistent snapshot, and no fault of the cloud's API is ever shown as a zero.",
  flags,
  commands: COMMANDS,
  inspect: inspectAccess,
  check: (values) => [...checkAges(values), ...checkLeaderFlags(values)],
  examples: [
    "CLOUD_ID=user@example.com CLOUD_PASSWORD=… CLOUD_ZONE=DX-M1 exporter",
    "CLOUD_ID=user@example.com CLOUD_PASSWORD_FILE=/run/secrets/password exporter --cloud.zone DX-G",
    "exporter --config.file /etc/lb-exporter/accounts.yaml --config.check",
    "exporter check --config.file /etc/lb-exporter/accounts.yaml",
    "kubectl exec -n monitoring deploy/lb-exporter -- lb-exporter get /-/ready",
  ],
};

function checkAges({
  maxAge,
  collectInterval,
}: Pick<ExporterConfig, "maxAge" | "collectInterval">): readonly string[] {
  if (maxAge >= collectInterval) return [];
  return [
    `--staleness.max-age "${formatDuration(maxAge)}": must be at least the --collect.interval of ${formatDuration(collectInterval)}`,
  ];
}

/** The exporter's checked configuration. */
export type ExporterConfig = Values<typeof flags>;
