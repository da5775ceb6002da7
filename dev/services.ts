/** What `just dev` starts: each service with its command, its ports, and what to try on it. */
import type { Config } from "./config.ts";

export interface Service {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Each port with the flag of `just dev` that moves it. */
  readonly ports: readonly (readonly [port: number, flag: string])[];
  /** Answers 200 when the service is ready. */
  readonly readyUrl: string;
  /** Where to look, and a command line to try. */
  readonly url: string;
  readonly attempt: string;
  /** Folders whose changes restart it. */
  readonly sources: readonly string[];
}

/** What the services share that is made at start. */
export interface Surroundings {
  /** A folder with `tls.crt` and `tls.key`. */
  readonly certDir: string;
  /** Configuration file and data folder of Prometheus, if it is installed. */
  readonly prometheus: { readonly configFile: string; readonly dataDir: string } | undefined;
}

/** The account that the simulator knows; nothing outside this machine does. */
const ACCOUNT = { id: "demo@example.com", password: "demo-password" };

/** Every service, in the order of the table that is printed. */
export function services(config: Config, surroundings: Surroundings): readonly Service[] {
  const list = [application(config), sidecar(config), simulator(config), exporter(config)];
  list.push(webhook(config, surroundings.certDir));
  if (surroundings.prometheus) list.push(prometheus(config, surroundings.prometheus));
  return list;
}

function application({ appPort }: Config): Service {
  const url = `http://localhost:${appPort}/metrics`;
  return {
    name: "demo-app",
    command: ["bun", "dev/demo-app.ts", `--port=${appPort}`],
    ports: [[appPort, "--app-port"]],
    readyUrl: `http://127.0.0.1:${appPort}/-/ready`,
    url,
    attempt: `curl -s ${url} | grep ^demo_orders_total`,
    sources: ["dev", "shared"],
  };
}

function sidecar({ appPort, sidecarPort }: Config): Service {
  const url = `http://localhost:${sidecarPort}/metrics`;
  return {
    name: "sidecar",
    command: [
      "bun",
      "sidecar/main.ts",
      "--host=127.0.0.1",
      `--original-port=${appPort}`,
      `--proxy-port=${sidecarPort}`,
      // Ctrl-C is the pod's end, and nobody at a keyboard waits for half a minute.
      "--termination-grace-period-seconds=3",
    ],
    ports: [[sidecarPort, "--sidecar-port"]],
    readyUrl: `http://127.0.0.1:${sidecarPort}/-/ready`,
    url,
    attempt: `curl -s ${url} | grep ^demo_orders_total`,
    sources: ["sidecar", "shared"],
  };
}

function simulator({ simulatorPort }: Config): Service {
  const url = `http://localhost:${simulatorPort}/`;
  return {
    name: "simulator",
    command: ["bun", "exporter/ktcloud/simulator.ts", `--port=${simulatorPort}`],
    env: { SIMULATOR_ACCOUNT: ACCOUNT.id, SIMULATOR_PASSWORD: ACCOUNT.password },
    ports: [[simulatorPort, "--simulator-port"]],
    readyUrl: `http://127.0.0.1:${simulatorPort}/-/ready`,
    url,
    attempt: `curl -s ${url}-/counters`,
    sources: ["exporter/ktcloud", "shared"],
  };
}

function exporter({ exporterPort, simulatorPort }: Config): Service {
  const url = `http://localhost:${exporterPort}/`;
  return {
    name: "exporter",
    command: [
      "bun",
      "exporter/main.ts",
      `--web.listen-address=127.0.0.1:${exporterPort}`,
      `--api.url=http://127.0.0.1:${simulatorPort}`,
      "--collect.interval=5s",
      "--collect.start-jitter=0s",
    ],
    env: { CLOUD_ID: ACCOUNT.id, CLOUD_PASSWORD: ACCOUNT.password, CLOUD_ZONE: "DX-M1" },
    ports: [[exporterPort, "--exporter-port"]],
    readyUrl: `http://127.0.0.1:${exporterPort}/-/ready`,
    url,
    attempt: `curl -s ${url}metrics | grep ^ktcloud_lb_server_count`,
    sources: ["exporter", "shared"],
  };
}

function webhook(config: Config, certDir: string): Service {
  const { webhookPort, webhookMetricsPort, webhookHealthPort } = config;
  const url = `https://localhost:${webhookPort}/mutate`;
  return {
    name: "webhook",
    command: [
      "bun",
      "webhook/main.ts",
      "--host=127.0.0.1",
      `--port=${webhookPort}`,
      `--metrics-bind-address=127.0.0.1:${webhookMetricsPort}`,
      `--health-probe-bind-address=127.0.0.1:${webhookHealthPort}`,
      `--cert-dir=${certDir}`,
      "--shutdown-delay=0s",
    ],
    ports: [
      [webhookPort, "--webhook-port"],
      [webhookMetricsPort, "--webhook-metrics-port"],
      [webhookHealthPort, "--webhook-health-port"],
    ],
    readyUrl: `http://127.0.0.1:${webhookHealthPort}/readyz`,
    url,
    attempt: `curl -sk ${url} -H 'content-type: application/json' -d @dev/admission-review.json`,
    sources: ["webhook", "shared"],
  };
}

function prometheus(
  { prometheusPort }: Config,
  files: { readonly configFile: string; readonly dataDir: string },
): Service {
  const url = `http://localhost:${prometheusPort}/targets`;
  return {
    name: "prometheus",
    command: [
      "prometheus",
      `--config.file=${files.configFile}`,
      `--storage.tsdb.path=${files.dataDir}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
      "--log.level=warn",
    ],
    ports: [[prometheusPort, "--prometheus-port"]],
    readyUrl: `http://127.0.0.1:${prometheusPort}/-/ready`,
    url,
    attempt: `curl -s 'http://localhost:${prometheusPort}/api/v1/query?query=up'`,
    sources: [],
  };
}

/** The configuration of a Prometheus that scrapes all of it, as YAML. */
export function prometheusConfig(config: Config): string {
  const { sidecarPort, exporterPort, webhookMetricsPort } = config;
  const targets = [
    { job: "demo-app", port: sidecarPort, path: "/metrics" },
    { job: "ktcloud-lb", port: exporterPort, path: "/metrics" },
    { job: "webhook", port: webhookMetricsPort, path: "/metrics" },
    // What the sidecar and the exporter say of themselves, beside the pages that they serve.
    { job: "sidecar", port: sidecarPort, path: "/-/metrics" },
    { job: "exporter", port: exporterPort, path: "/-/metrics" },
  ];
  const jobs = targets.map(({ job, port, path }) =>
    [
      `  - job_name: ${job}`,
      `    metrics_path: ${path}`,
      `    static_configs: [{ targets: ["127.0.0.1:${port}"] }]`,
    ].join("\n"),
  );
  return `global:\n  scrape_interval: 5s\nscrape_configs:\n${jobs.join("\n")}\n`;
}
