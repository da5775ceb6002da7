/** What the self-signed mode does -> metrics. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { ApiError } from "../../shared/cluster/api.ts";
import { createFailureCounter } from "../../shared/cluster/failures.ts";
import { OPERATIONS } from "../cluster/api.ts";
import type { Reason } from "./renewal.ts";

export interface SelfSignedMetrics {
  renewed(kind: "authority" | "serving", reason: Reason): void;
  published(result: "success" | "failure"): void;
  /** When the newest authority ends, in milliseconds since the epoch. */
  authorityEnds(atMs: number): void;
  failed(error: ApiError): void;
}

/** Adds the metrics to a registry. */
export function createSelfSignedMetrics(
  registry: Registry,
  nowMs: () => number,
): SelfSignedMetrics {
  const registers = [registry];
  const renewals = new Counter({
    name: "webhook_self_signed_renewals_total",
    help: "Certificates that this replica has made, by kind (authority or serving) and reason.",
    labelNames: ["kind", "reason"],
    registers,
  });
  const patches = new Counter({
    name: "webhook_ca_bundle_patches_total",
    help: "Times that this replica has set the caBundle of the webhook configuration, by result.",
    labelNames: ["result"],
    registers,
  });
  const failed = createFailureCounter(registry, {
    name: "webhook_kubernetes_api_errors_total",
    operations: OPERATIONS,
  });
  let endsMs: number | undefined;
  new Gauge({
    name: "webhook_self_signed_authority_expiry_seconds",
    help: "Time until the newest self-signed authority ends, in seconds.",
    registers,
    collect() {
      if (endsMs === undefined) this.remove();
      else this.set((endsMs - nowMs()) / 1000);
    },
  });
  for (const result of ["success", "failure"]) patches.inc({ result }, 0);
  return {
    renewed: (kind, reason) => renewals.inc({ kind, reason }),
    published: (result) => patches.inc({ result }),
    authorityEnds: (atMs) => {
      endsMs = atMs;
    },
    failed,
  };
}
