/** Starts the webhook: flags and certificate -> three listeners, until a signal. */
import { ConfigError } from "../shared/config.ts";
import { formatAddress, type ListenOptions, listen } from "../shared/http.ts";
import { aborted, type Life, runComponent } from "../shared/lifecycle.ts";
import type { Logger } from "../shared/log.ts";
import { createRegistry } from "../shared/metrics.ts";
import { createHealthApp, createMetricsApp, createWebhookApp } from "./app.ts";
import { readCertificate } from "./certificates.ts";
import { definition, type WebhookConfig } from "./config.ts";
import { createAdmissionMetrics } from "./metrics.ts";
import { createPolicy } from "./policy.ts";

/** For what is in flight: more than the API server waits for us, less than the pod's grace period. */
const DRAIN_MS = 15_000;
const TEARDOWN_MS = 20_000;

async function run(config: WebhookConfig, life: Life): Promise<void> {
  const { log, stopping, build } = life;
  const tls = loadCertificate(config.certDir, log);
  const readiness = () => !stopping.aborted || "stopping";
  const registry = createRegistry("webhook", build);
  const native = config.nativeSidecars === "true";
  const policy = createPolicy(config, { native, ownNamespace: config.namespace });
  const count = createAdmissionMetrics(registry);
  const webhook = createWebhookApp({
    policy: () => policy,
    createToken: () => crypto.randomUUID(),
    count,
    log,
  });
  const metrics = createMetricsApp(registry, readiness);
  const health = createHealthApp(readiness);

  // Closed in the reverse order: whoever probes sees "stopping" while an answer is in flight.
  const probes = { flag: "--health-probe-bind-address", bind: config.healthProbeBindAddress };
  open(life, "health", { ...probes, fetch: health.fetch });
  const scrapes = { flag: "--metrics-bind-address", bind: config.metricsBindAddress };
  open(life, "metrics", { ...scrapes, fetch: metrics.fetch });
  const admissions = { flag: "--port", bind: { host: config.host, port: config.port }, tls };
  // The app has a limit of its own, with a reason in the answer and in the metrics.
  const maxBodyBytes = Number.MAX_SAFE_INTEGER;
  open(life, "webhook", { ...admissions, maxBodyBytes, fetch: webhook.fetch });

  log.info("Ready", { sidecar_image: config.sidecarImage, mode: native ? "native" : "regular" });
  await aborted(stopping);
}

/** The certificate was looked at with the flags, but a mounted Secret can change at any time. */
function loadCertificate(directory: string, log: Logger) {
  const certificate = readCertificate(directory);
  if (certificate.kind === "unusable") throw new ConfigError(certificate.problems);
  const { cert, key, notBefore, notAfter } = certificate;
  if (Date.now() < Number(notBefore) || Date.now() > Number(notAfter)) {
    const valid = { not_before: notBefore.toISOString(), not_after: notAfter.toISOString() };
    log.warn("The certificate is not valid now, so the API server will refuse it", valid);
  }
  return { cert, key };
}

type Opening = Omit<ListenOptions, "bind"> & { readonly bind: ListenOptions["bind"] | null };

function open({ log, teardown }: Life, listener: string, { bind, ...options }: Opening): void {
  if (bind === null) return;
  const opened = listen({ ...options, bind });
  teardown.defer(() => opened.close(DRAIN_MS));
  const { port } = opened;
  log.info("Listening", { listener, address: formatAddress({ ...bind, port }), port });
}

const program = { definition, life: { teardownMs: TEARDOWN_MS, secondSignal: "exit" } } as const;

void runComponent(program, { argv: process.argv.slice(2), env: process.env }, run).then((code) =>
  process.exit(code),
);
