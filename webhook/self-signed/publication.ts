/** The caBundle of the webhook configuration: what API servers trust and since when, and keeping it right. */
import type { X509Certificate } from "node:crypto";
import type { V1MutatingWebhookConfiguration } from "@kubernetes/client-node";
import { ApiError } from "../../shared/cluster/api.ts";
import type { Logger } from "../../shared/log.ts";
import { type Cluster, FIELD_MANAGER } from "../cluster/api.ts";
import type { SelfSignedMetrics } from "./metrics.ts";
import { type Authority, readAuthorities, signed } from "./state.ts";

export interface PublicationOptions {
  readonly cluster: Cluster;
  readonly configurationName: string;
  readonly log: Logger;
  readonly metrics: SelfSignedMetrics;
  readonly nowMs: () => number;
}

/** A bundle that is undone within this time of being set is fought over, not just reset once. */
const CONTESTED_MS = 600_000;

/** The longest pause before a bundle that is fought over is set again. */
const MAX_HOLD_MS = 60_000;

/** As this replica sees it. What it has seen trusted is forgotten with the process: nothing urgent hangs on it. */
export class Publication {
  readonly #options: PublicationOptions;
  #configuration: V1MutatingWebhookConfiguration | undefined;
  /** Whether the configuration is there, and whether it calls anything. */
  #exists = true;
  #calls = true;
  #trusted: readonly { readonly authority: Authority; readonly sinceMs: number }[] = [];
  #applied:
    | {
        readonly bundle: string;
        /** Of the configuration: one that was deleted and made anew has not been fought over. */
        readonly uid: string | undefined;
        readonly atMs: number;
        readonly undone: number;
      }
    | undefined;

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** What API servers trust, as last read. */
  get authorities(): readonly Authority[] {
    return this.#trusted.map(({ authority }) => authority);
  }

  /** Asks the API server. To be called before the Secret is read: then no bundle replaces a newer one. */
  async read(): Promise<void> {
    const { cluster, configurationName: name, log } = this.#options;
    const configuration = await cluster.readConfiguration(name);
    if (configuration === undefined && this.#exists) {
      log.warn("There is no such MutatingWebhookConfiguration: nothing calls this webhook", {
        name,
      });
    }
    this.#take(configuration);
  }

  /** Since when API servers are known to trust an authority, without a break. */
  trustedSinceMs({ x509 }: Authority): number | undefined {
    return this.#trusted.find(({ authority }) => isSame(authority.x509, x509))?.sinceMs;
  }

  /** Whether what is signed so may be served. */
  accepts(certificate: X509Certificate): boolean {
    // Nobody can be told to trust it, but nobody calls either; the webhook must not stay unready for it.
    if (!this.#calls) return true;
    return this.authorities.some((authority) => signed(authority, certificate));
  }

  /**
   * Sets the bundle, PEM, where it is not set. Gives when to try again, in milliseconds since the epoch, if
   * somebody else keeps changing it: two who disagree must not keep each other and the API server busy.
   */
  async publish(bundle: string): Promise<number | undefined> {
    const configuration = this.#configuration;
    if (configuration === undefined || isPublished(configuration, bundle)) return undefined;
    const { nowMs } = this.#options;
    const last = this.#applied;
    const uid = configuration.metadata?.uid;
    const isUndone =
      last?.bundle === bundle && last.uid === uid && nowMs() - last.atMs < CONTESTED_MS;
    const undone = isUndone ? last.undone + 1 : 0;
    if (isUndone && nowMs() < last.atMs + holdMs(undone)) return last.atMs + holdMs(undone);
    await this.#set(configuration, bundle);
    this.#applied = { bundle, uid, atMs: nowMs(), undone };
    this.#tell(configuration, undone);
    return undefined;
  }

  async #set(configuration: V1MutatingWebhookConfiguration, bundle: string): Promise<void> {
    const { cluster, metrics } = this.#options;
    try {
      this.#take(await cluster.applyBundle(configuration, bundle));
    } catch (error) {
      // That somebody else was quicker is no failure: both look again.
      if (!(error instanceof ApiError && error.code === 409)) metrics.published("failure");
      throw error;
    }
    metrics.published("success");
  }

  #tell(configuration: V1MutatingWebhookConfiguration, undone: number): void {
    const { log, configurationName: name } = this.#options;
    if (undone === 2) {
      const by = othersWith(configuration);
      log.warn("Somebody else keeps changing the caBundle: let only one do it", { name, by });
    } else if (undone < 2) {
      log.info("Put the authority into the webhook configuration", { name });
    }
  }

  #take(configuration: V1MutatingWebhookConfiguration | undefined): void {
    this.#configuration = configuration;
    this.#exists = configuration !== undefined;
    this.#calls = (configuration?.webhooks ?? []).length > 0;
    const nowMs = this.#options.nowMs();
    this.#trusted = publishedIn(configuration).map((authority) => ({
      authority,
      sinceMs: this.trustedSinceMs(authority) ?? nowMs,
    }));
  }
}

/** A first reset is mended at once; then doubled each time. */
function holdMs(undone: number): number {
  return undone > 1 ? Math.min(1000 * 2 ** undone, MAX_HOLD_MS) : 0;
}

/** The authorities that are in the bundle of every webhook. */
function publishedIn(
  configuration: V1MutatingWebhookConfiguration | undefined,
): readonly Authority[] {
  const [first = [], ...others] = (configuration?.webhooks ?? []).map(({ clientConfig }) =>
    readAuthorities(Buffer.from(clientConfig.caBundle ?? "", "base64").toString()),
  );
  return first.filter(({ x509 }) =>
    others.every((bundle) => bundle.some((other) => isSame(other.x509, x509))),
  );
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

function isPublished(configuration: V1MutatingWebhookConfiguration, bundle: string): boolean {
  const wanted = Buffer.from(bundle).toString("base64");
  const webhooks = configuration.webhooks ?? [];
  return webhooks.every(({ clientConfig }) => clientConfig.caBundle === wanted);
}

/** Who else has written a caBundle, by the names under which they did. */
function othersWith({ metadata }: V1MutatingWebhookConfiguration): string {
  const managers = (metadata?.managedFields ?? [])
    .filter(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? {}).includes('"f:caBundle"'))
    .map(({ manager = "" }) => manager);
  return managers.filter((manager) => manager !== FIELD_MANAGER).join(", ") || "unknown";
}
