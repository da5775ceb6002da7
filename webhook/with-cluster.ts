/** What of the webhook needs the API server: its own certificate, a namespace's Services, `auto`. */
import type { Registry } from "prom-client";
import {
  type Connection,
  connect,
  hasCluster,
  ownNamespace,
  type Source,
} from "../shared/cluster/connection.ts";
import { ConfigError } from "../shared/config.ts";
import { type Life, sleep } from "../shared/lifecycle.ts";
import { describeError } from "../shared/log.ts";
import type { ServingCertificate } from "./certificates.ts";
import { type Cluster, createCluster } from "./cluster/api.ts";
import { OWN_NAME, type WebhookConfig } from "./config.ts";
import { createNativeSwitch } from "./native.ts";
import type { ServiceFacts } from "./port-name.ts";
import { createSelfSignedMetrics } from "./self-signed/metrics.ts";

/** The API server, where one of the flags asks for it. */
export interface WithCluster {
  /** The webhook's own namespace. */
  readonly namespace: string;
  /** Whether sidecars are native ones, for each pod anew. */
  readonly native: () => boolean;
  readonly findServices?: (namespace: string) => Promise<readonly ServiceFacts[]>;
  /** Keeps the webhook's own certificate, and calls back with each new one. */
  readonly keepCertificate: (serve: (certificate: ServingCertificate) => void) => void;
}

export interface Surroundings {
  readonly life: Life;
  readonly registry: Registry;
  readonly env: Source["env"];
  readonly nowMs: () => number;
}

/** Connects where that is needed. Rejects with a {@link ConfigError} where it cannot be. */
export async function createWithCluster(
  config: WebhookConfig,
  { life, registry, env, nowMs }: Surroundings,
): Promise<WithCluster> {
  const { log, stopping } = life;
  const source = { env, kubeconfig: config.kubeconfig };
  const reached = needsCluster(config, source) ? await reach(config, source) : undefined;
  const namespace = config.namespace || ownNamespace() || OWN_NAME;
  const native = createNativeSwitch({
    setting: config.nativeSidecars,
    serverVersion: reached && (() => reached.cluster.serverVersion()),
    log,
    sleep: (ms) => sleep(ms, stopping),
    stopping,
  });
  return {
    namespace,
    native,
    ...(reached &&
      config.lookUpServices === "true" && {
        findServices: (name: string) => reached.cluster.listServices(name),
      }),
    keepCertificate: (serve) => {
      if (reached === undefined) return;
      const metrics = createSelfSignedMetrics(registry, nowMs);
      const names = {
        namespace,
        secretName: config.certificateSecret,
        serviceName: config.serviceName,
        configurationName: config.webhookConfiguration,
      };
      const options = { ...reached, ...names, serve, log, metrics, nowMs, signal: stopping };
      loadSelfSigned().then(
        ({ runSelfSigned }) => runSelfSigned(options),
        (error) => life.fail(error),
      );
    },
  };
}

/** Loaded only where it is called: X.509 takes some MiB, and most webhooks get their certificate from elsewhere. */
async function loadSelfSigned() {
  // First: in the executable the modules that need it would otherwise come before it (Bun 1.4.5).
  await import("reflect-metadata");
  return await import("./self-signed/run.ts");
}

function needsCluster(config: WebhookConfig, source: Source): boolean {
  const { selfSigned, lookUpServices, nativeSidecars } = config;
  if (selfSigned === "true" || lookUpServices === "true") return true;
  return nativeSidecars === "auto" && hasCluster(source);
}

async function reach(
  config: WebhookConfig,
  source: Source,
): Promise<{ readonly connection: Connection; readonly cluster: Cluster }> {
  try {
    const connection = await connect(source);
    return { connection, cluster: await createCluster(connection) };
  } catch (error) {
    throw new ConfigError([`${flagFor(config)}: ${describeError(error)}`]);
  }
}

/** What asked for the cluster, for the message. */
function flagFor({ kubeconfig, selfSigned, lookUpServices }: WebhookConfig): string {
  if (kubeconfig !== "") return `--kubeconfig "${kubeconfig}"`;
  if (selfSigned === "true") return "--self-signed";
  return lookUpServices === "true" ? "--look-up-services" : "--enable-sidecar-containers=auto";
}
