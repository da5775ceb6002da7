/** The flags of `just dev`: one port for each thing that listens. */
import type { Definition, Flag, Values } from "../shared/flags.ts";
import { logFlags } from "../shared/log.ts";
import { targetPort } from "../shared/values.ts";

function port(flag: string, standard: number, of: string) {
  return {
    flag,
    placeholder: "PORT",
    default: String(standard),
    help: `Port of ${of}.`,
    schema: targetPort(),
  } as const satisfies Flag<number>;
}

const flags = {
  appPort: port("app-port", 9464, "the demo application"),
  sidecarPort: port("sidecar-port", 19_464, "the sidecar before it"),
  simulatorPort: port("simulator-port", 9106, "the simulated KT Cloud"),
  exporterPort: port("exporter-port", 9105, "the exporter"),
  webhookPort: port("webhook-port", 9443, "the webhook, HTTPS"),
  webhookMetricsPort: port("webhook-metrics-port", 8080, "the webhook's metrics"),
  webhookHealthPort: port("webhook-health-port", 8081, "the webhook's health"),
  prometheusPort: port("prometheus-port", 9099, "Prometheus, if it is installed"),
  ...logFlags,
} as const;

/** The command line of `just dev`. */
export const definition: Definition<typeof flags> = {
  name: "just dev",
  prefix: "DEV",
  about:
    "Starts every component on this machine, with a demo application, a simulated cloud and, if prometheus is on the PATH, a Prometheus that scrapes them all.",
  flags,
  examples: ["just dev", "just dev --exporter-port 9205"],
};

export type Config = Values<typeof flags>;
