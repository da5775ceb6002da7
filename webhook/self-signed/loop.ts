/**
 * Keeps the certificate right: the shared Secret, the caBundle of the webhook configuration, and what is
 * served. Every replica runs it; whoever comes second reads what the first has written.
 */
import type { V1MutatingWebhookConfiguration, V1Secret } from "@kubernetes/client-node";
import type { Logger } from "../../shared/log.ts";
import type { ServingCertificate } from "../certificates.ts";
import { ApiError, type Cluster } from "../cluster/api.ts";
import { issueAuthority, issueServing } from "./issue.ts";
import type { SelfSignedMetrics } from "./metrics.ts";
import { type Action, nextAction } from "./renewal.ts";
import {
  bundleOf,
  readState,
  type Serving,
  type State,
  toAuthority,
  toServing,
  writeState,
} from "./state.ts";

export interface SelfSignedOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly secretName: string;
  readonly serviceName: string;
  readonly configurationName: string;
  /** Called with each new pair, once API servers trust it. */
  readonly serve: (certificate: ServingCertificate) => void;
  readonly log: Logger;
  readonly metrics: SelfSignedMetrics;
  readonly nowMs: () => number;
}

/** The longest pause: whatever a watch has missed is then looked at. */
const LOOK_AGAIN_MS = 600_000;

/** A conflict means that another replica was quicker: what it wrote is read at once, but not for ever. */
const MAX_CONFLICTS = 10;

const LABELS = {
  "app.kubernetes.io/name": "prometheus-metrics-proxy-hook",
  "app.kubernetes.io/component": "webhook",
} as const;

/** The names by which API servers and people call a Service. */
export function namesOf(service: string, namespace: string): readonly string[] {
  // The first is what the API server asks for.
  return [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
    `${service}.${namespace}`,
    service,
  ];
}

/** One replica's part. */
export class SelfSigned {
  readonly #options: SelfSignedOptions;
  readonly #names: readonly string[];
  #served: string | undefined;
  #missing = false;

  constructor(options: SelfSignedOptions) {
    this.#options = options;
    this.#names = namesOf(options.serviceName, options.namespace);
  }

  /**
   * Looks once and does what is due. Gives how long until the next look, in milliseconds. Rejects with an
   * {@link ApiError}; what is served is then served on.
   */
  async look(): Promise<number> {
    const { nowMs, metrics } = this.#options;
    const { state, untilMs } = await this.#settle();
    const [newest] = state.authorities;
    if (newest) metrics.authorityEnds(newest.endsMs);
    const trusted = await this.#publish(state);
    if (trusted && state.serving) this.#serve(state.serving);
    return Math.max(1000, Math.min(untilMs - nowMs(), LOOK_AGAIN_MS));
  }

  /** Brings the Secret to where nothing is due, whoever does it. */
  async #settle(): Promise<{ readonly state: State; readonly untilMs: number }> {
    const { cluster, namespace, secretName } = this.#options;
    for (let conflicts = 0; ; conflicts += 1) {
      const secret = await cluster.readSecret(namespace, secretName);
      const before = readState(secret?.data ?? {});
      const { state, untilMs, reasons } = await this.#carryOut(before, secret !== undefined);
      if (state === before) return { state, untilMs };
      try {
        await this.#store(secret, state);
        this.#tell(reasons, state);
        return { state, untilMs };
      } catch (error) {
        const lost = error instanceof ApiError && error.code === 409;
        if (!lost || conflicts >= MAX_CONFLICTS) throw error;
      }
    }
  }

  async #carryOut(before: State, found: boolean) {
    const nowMs = this.#options.nowMs();
    const circumstances = { nowMs, names: this.#names, found };
    const reasons: Action[] = [];
    let state = before;
    for (;;) {
      const action = nextAction(state, circumstances);
      if (action.kind === "keep") return { state, untilMs: action.untilMs, reasons };
      reasons.push(action);
      state = await this.#apply(state, action);
    }
  }

  async #apply(state: State, action: Exclude<Action, { kind: "keep" }>): Promise<State> {
    const nowMs = this.#options.nowMs();
    if (action.kind === "drop") return { ...state, authorities: action.authorities };
    if (action.kind === "authority") {
      const made = toAuthority(await issueAuthority(nowMs));
      return { ...state, authorities: [made, ...state.authorities] };
    }
    const { cert, key = "" } = action.authority;
    const serving = toServing(await issueServing({ cert, key }, this.#names, nowMs));
    return { ...state, serving };
  }

  /** What others have put on the Secret, labels and keys, is kept. */
  async #store(secret: V1Secret | undefined, state: State): Promise<void> {
    const { cluster, namespace, secretName } = this.#options;
    const data = { ...secret?.data, ...writeState(state) };
    if (secret !== undefined) {
      await cluster.replaceSecret(namespace, Object.assign(secret, { data }));
      return;
    }
    await cluster.createSecret(namespace, {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: { name: secretName, namespace, labels: { ...LABELS } },
      data,
    });
  }

  #tell(actions: readonly Action[], { serving }: State): void {
    const { log, metrics } = this.#options;
    for (const action of actions) {
      if (action.kind === "keep") continue;
      if (action.kind === "drop") {
        log.info("Dropped an authority that nothing served needs any more");
        continue;
      }
      metrics.renewed(action.kind, action.reason);
      const what = action.kind === "authority" ? "certificate authority" : "serving certificate";
      log.info(`Made a ${what}`, {
        reason: action.reason,
        ...(action.kind === "serving" && serving && { not_after: serving.x509.validTo }),
      });
    }
  }

  /** True once the API server has confirmed that it trusts the authority of what is to be served. */
  async #publish({ authorities }: State): Promise<boolean> {
    const { cluster, configurationName, metrics, log } = this.#options;
    const configuration = await cluster.readConfiguration(configurationName);
    if (configuration === undefined) {
      if (!this.#missing) {
        const name = configurationName;
        log.warn("There is no such MutatingWebhookConfiguration: nothing calls this webhook", {
          name,
        });
      }
      this.#missing = true;
      // Nobody can be told to trust it, but nobody calls either; the webhook must not stay unready for it.
      return true;
    }
    this.#missing = false;
    const bundle = bundleOf(authorities);
    if (isPublished(configuration, bundle)) return true;
    const names = (configuration.webhooks ?? []).map(({ name }) => name);
    try {
      const applied = await cluster.applyBundle(configurationName, names, bundle);
      metrics.published("success");
      log.info("Put the authority into the webhook configuration", { name: configurationName });
      return isPublished(applied, bundle);
    } catch (error) {
      metrics.published("failure");
      throw error;
    }
  }

  #serve({ cert, key, x509 }: Serving): void {
    if (this.#served === cert) return;
    this.#served = cert;
    const { validFromDate: notBefore, validToDate: notAfter } = x509;
    this.#options.serve({ kind: "usable", cert, key, notBefore, notAfter });
  }
}

function isPublished(configuration: V1MutatingWebhookConfiguration, bundle: string): boolean {
  const wanted = Buffer.from(bundle).toString("base64");
  const webhooks = configuration.webhooks ?? [];
  return webhooks.every(({ clientConfig }) => clientConfig.caBundle === wanted);
}
