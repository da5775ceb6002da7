/**
 * Keeps the certificate right: the shared Secret, the caBundle of the webhook configuration, and what is
 * served. Every replica runs it; whoever comes second reads what the first has written.
 */
import type { V1Secret } from "@kubernetes/client-node";
import { ApiError } from "../../shared/cluster/api.ts";
import type { Logger } from "../../shared/log.ts";
import type { ServingCertificate } from "../certificates.ts";
import type { Cluster } from "../cluster/api.ts";
import { issueAuthority, issueServing } from "./issue.ts";
import type { SelfSignedMetrics } from "./metrics.ts";
import { Publication } from "./publication.ts";
import { type Action, nextAction, type Reason } from "./renewal.ts";
import {
  type Authority,
  bundleOf,
  readState,
  type Serving,
  type State,
  sorted,
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

/** So many authorities without a key are kept at a repair, the newest: a bundle is not to grow. */
const MAX_TRUSTED_ONLY = 3;

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
  readonly #publication: Publication;
  #served: string | undefined;

  constructor(options: SelfSignedOptions) {
    this.#options = options;
    this.#names = namesOf(options.serviceName, options.namespace);
    this.#publication = new Publication(options);
  }

  /**
   * Looks once and does what is due. Gives how long until the next look, in milliseconds. Rejects with an
   * {@link ApiError}; what is served is then served on.
   */
  async look(): Promise<number> {
    for (let conflicts = 0; ; conflicts += 1) {
      try {
        return await this.#lookOnce();
      } catch (error) {
        const lost = error instanceof ApiError && error.code === 409;
        if (!lost || conflicts >= MAX_CONFLICTS) throw error;
      }
    }
  }

  async #lookOnce(): Promise<number> {
    const { nowMs, metrics } = this.#options;
    // Where the configuration cannot be read, what is due in the Secret is done all the same.
    const [configuration] = await Promise.allSettled([this.#publication.read()]);
    const { state, untilMs } = await this.#settle(configuration);
    const newest = state.authorities.find(({ key }) => key !== undefined);
    if (newest) metrics.authorityEnds(newest.endsMs);
    // Before anything can fail: that the bundle cannot be set is no reason to withhold what is trusted.
    this.#serveTrusted(state);
    if (configuration.status === "rejected") throw configuration.reason;
    const againMs = await this.#publication.publish(bundleOf(state.authorities));
    this.#serveTrusted(state);
    const pauseMs = Math.min(untilMs, againMs ?? untilMs) - nowMs();
    return Math.max(1000, Math.min(pauseMs, LOOK_AGAIN_MS));
  }

  /** Brings the Secret to where nothing is due. Rejects with code 409 if somebody else was quicker. */
  async #settle(
    configuration: PromiseSettledResult<void>,
  ): Promise<{ readonly state: State; readonly untilMs: number }> {
    const { cluster, namespace, secretName } = this.#options;
    const secret = await cluster.readSecret(namespace, secretName);
    const before = readState(secret?.data ?? {});
    const found = secret !== undefined;
    const { state, untilMs, reasons } = await this.#carryOut(before, { found, configuration });
    if (state !== before) {
      await this.#store(secret, state);
      this.#tell(reasons, state);
    }
    return { state, untilMs };
  }

  async #carryOut(
    before: State,
    { found, configuration }: { found: boolean; configuration: PromiseSettledResult<void> },
  ) {
    const nowMs = this.#options.nowMs();
    const trustedSinceMs = (one: Authority) => this.#publication.trustedSinceMs(one);
    const circumstances = { nowMs, trustedSinceMs, names: this.#names, found };
    const reasons: Action[] = [];
    let state = before;
    for (;;) {
      const action = nextAction(state, circumstances);
      if (action.kind === "keep") return { state, untilMs: action.untilMs, reasons };
      reasons.push(action);
      if (isRepair(action)) {
        // Not knowing what is trusted, it would be lost with the next bundle.
        if (configuration.status === "rejected") throw configuration.reason;
        state = this.#adopt(state, nowMs);
      }
      state = await this.#apply(state, action);
    }
  }

  async #apply(state: State, action: Exclude<Action, { kind: "keep" }>): Promise<State> {
    const nowMs = this.#options.nowMs();
    if (action.kind === "drop") return { ...state, authorities: action.authorities };
    if (action.kind === "authority") {
      const made = toAuthority(await issueAuthority(nowMs));
      return { ...state, authorities: sorted([made, ...state.authorities]) };
    }
    const { cert, key = "" } = action.authority;
    const serving = toServing(await issueServing({ cert, key }, this.#names, nowMs));
    return { ...state, serving };
  }

  /** What other replicas serve, or another way of making certificates has left, stays trusted for the overlap. */
  #adopt(state: State, nowMs: number): State {
    const known = new Set(state.authorities.map(({ x509 }) => x509.fingerprint256));
    const adopted = this.#publication.authorities
      .filter(({ x509, endsMs }) => endsMs > nowMs && !known.has(x509.fingerprint256))
      .slice(0, Math.max(0, MAX_TRUSTED_ONLY - state.authorities.filter(isTrustedOnly).length));
    return { ...state, authorities: sorted([...state.authorities, ...adopted]) };
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

  /** Once the API server has confirmed that it trusts who has signed it. */
  #serveTrusted({ serving }: State): void {
    if (serving === undefined || this.#served === serving.cert) return;
    if (this.#publication.accepts(serving.x509)) this.#serve(serving);
  }

  #serve({ cert, key, x509 }: Serving): void {
    const { validFromDate: notBefore, validToDate: notAfter } = x509;
    this.#options.serve({ kind: "usable", cert, key, notBefore, notAfter });
    this.#served = cert;
  }
}

function isTrustedOnly({ key }: Authority): boolean {
  return key === undefined;
}

/** Something was lost, and with it perhaps the authority of what other replicas serve. */
function isRepair(action: Action): boolean {
  if (action.kind === "authority") return action.reason !== "expires_soon";
  return action.kind === "serving" && LOST.has(action.reason);
}

const LOST: ReadonlySet<Reason> = new Set(["missing", "unreadable", "not_signed"]);
