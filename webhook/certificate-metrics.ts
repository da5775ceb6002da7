/** The served certificate, and what became of those that should replace it -> metrics. */
import { Counter, Gauge, type Registry } from "prom-client";

export interface CertificateMetrics {
  /** A new pair is served in place of another. */
  replaced(): void;
  /** A new pair cannot be served. */
  refused(): void;
  /** After a refusal, what is served already has been found again. */
  recovered(): void;
}

/** Adds the certificate metrics to a registry. `notAfter` gives the end of what is served, if anything is. */
export function createCertificateMetrics(
  registry: Registry,
  options: { readonly notAfter: () => Date | undefined; readonly nowMs: () => number },
): CertificateMetrics {
  const { notAfter, nowMs } = options;
  const registers = [registry];
  new Gauge({
    name: "webhook_certificate_expiry_seconds",
    help: "Time until the served certificate ends, in seconds; negative once it has. Absent while none is served.",
    registers,
    collect() {
      const end = notAfter();
      if (end === undefined) this.remove();
      else this.set((Number(end) - nowMs()) / 1000);
    },
  });
  new Gauge({
    name: "webhook_certificate_not_after_timestamp_seconds",
    help: "When the served certificate ends, in seconds since the Unix epoch. Absent while none is served.",
    registers,
    collect() {
      const end = notAfter();
      if (end === undefined) this.remove();
      else this.set(Number(end) / 1000);
    },
  });
  const reloads = new Counter({
    name: "webhook_certificate_reloads_total",
    help: "Certificates that were to replace the served one, by result: success, or refused where one could not be served.",
    labelNames: ["result"],
    registers,
  });
  for (const result of ["success", "refused"]) reloads.inc({ result }, 0);
  const successful = new Gauge({
    name: "webhook_certificate_last_reload_successful",
    help: "Whether the newest certificate that was found is the served one: 1, or 0 where it was refused.",
    registers,
  });
  successful.set(1);
  return {
    replaced: () => {
      reloads.inc({ result: "success" });
      successful.set(1);
    },
    refused: () => {
      reloads.inc({ result: "refused" });
      successful.set(0);
    },
    recovered: () => successful.set(1),
  };
}
