/** Flags, certificate and cluster -> three listeners, until a signal. */
import { aborted, type Life } from "../shared/lifecycle.ts";
import { createRegistry } from "../shared/metrics.ts";
import type { TlsListener } from "../shared/tls/listener.ts";
import { createHealthApp, createMetricsApp, createWebhookApp } from "./app.ts";
import { watchCertificates } from "./certificate-directory.ts";
import { createCertificateMetrics } from "./certificate-metrics.ts";
import type { ServingCertificate } from "./certificates.ts";
import type { WebhookConfig } from "./config.ts";
import { openPlain, openTls } from "./listeners.ts";
import { createAdmissionMetrics } from "./metrics.ts";
import { createPolicy } from "./policy.ts";
import { createServedCertificate } from "./served-certificate.ts";
import { createWithCluster } from "./with-cluster.ts";

/** How often the clock is compared with the served certificate. */
const REMIND_MS = 3_600_000;

const nowMs = () => Date.now();

/** Runs the webhook. `env` is what a pod knows of its cluster. */
export async function runWebhook(
  config: WebhookConfig,
  life: Life,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { log, stopping, build, teardown } = life;
  const registry = createRegistry("webhook", build);
  const served = createServedCertificate({ log, nowMs });
  const notAfter = () => served.current?.notAfter;
  const certificateMetrics = createCertificateMetrics(registry, { notAfter, nowMs });
  const readiness = () => {
    if (stopping.aborted) return "stopping";
    return served.current ? true : "no certificate yet";
  };
  const cluster = await createWithCluster(config, { life, registry, env, nowMs });
  const { native, namespace: ownNamespace, findServices } = cluster;
  const webhook = createWebhookApp({
    policy: () => createPolicy(config, { native: native(), ownNamespace }),
    createToken: () => crypto.randomUUID(),
    count: createAdmissionMetrics(registry),
    log,
    ...(findServices && { findServices }),
  });
  const metrics = createMetricsApp(registry, readiness);
  const health = createHealthApp(readiness);

  // Closed in the reverse order: whoever probes sees "stopping" while an answer is in flight.
  const probes = { flag: "--health-probe-bind-address", bind: config.healthProbeBindAddress };
  openPlain(life, "health", { ...probes, fetch: health.fetch });
  const scrapes = { flag: "--metrics-bind-address", bind: config.metricsBindAddress };
  openPlain(life, "metrics", { ...scrapes, fetch: metrics.fetch });
  const bind = { host: config.host, port: config.port };
  const admissions = await openTls(life, "webhook", { flag: "--port", bind, fetch: webhook.fetch });

  const serve = (certificate: ServingCertificate) => {
    admissions.replace(certificate);
    if (served.current) certificateMetrics.replaced();
    served.set(certificate);
  };
  if (config.selfSigned === "true") {
    cluster.keepCertificate(serve);
  } else {
    const options = { serve, metrics: certificateMetrics, log };
    const watch = watchCertificates(config.certDir, options);
    teardown.defer(() => watch.close());
  }
  const reminder = setInterval(() => served.remind(), REMIND_MS);
  teardown.defer(() => clearInterval(reminder));

  const { sidecarImage: sidecar_image, nativeSidecars: native_sidecars } = config;
  log.info("Started", { sidecar_image, native_sidecars, namespace: ownNamespace });
  await aborted(stopping);
  await answerOn(config, life, admissions);
}

/** The endpoint is still on the Service for a moment after SIGTERM; at a keyboard nobody waits for that. */
async function answerOn(
  { shutdownDelayMs }: WebhookConfig,
  { stopping, log }: Life,
  admissions: TlsListener,
): Promise<void> {
  admissions.drain();
  if (stopping.reason !== "SIGTERM" || shutdownDelayMs === 0) return;
  log.info("Answering on until the shutdown delay is over", { delay_ms: shutdownDelayMs });
  await Bun.sleep(shutdownDelayMs);
}
