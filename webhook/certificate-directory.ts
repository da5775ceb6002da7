/** A directory that changes -> each new certificate in it that can be served, and a warning for each that cannot. */
import { ConfigError } from "../shared/config.ts";
import type { Logger } from "../shared/log.ts";
import { watchDirectories } from "../shared/watch-directories.ts";
import type { CertificateMetrics } from "./certificate-metrics.ts";
import { readCertificate, type ServingCertificate } from "./certificates.ts";

export interface WatchOptions {
  /** Called with what is there at the start, then with each usable pair that differs from the one before. */
  readonly serve: (certificate: ServingCertificate) => void;
  readonly metrics: Pick<CertificateMetrics, "refused" | "recovered">;
  readonly log: Logger;
  /** Time between two looks that no event asks for, in milliseconds, default 10 s. */
  readonly pollMs?: number;
  /** Time from an event to the look, in milliseconds, default 50. */
  readonly settleMs?: number;
}

/** A directory that is watched until it is closed. */
export interface CertificateWatch {
  /** Looks now. */
  look(): void;
  close(): void;
}

/**
 * Serves what is there, or throws {@link ConfigError}. Then looks whenever something in the directory
 * changes, and every `pollMs`. What cannot be served is refused, counted and logged once, until
 * something usable has been found; the last good pair is served on.
 */
export function watchCertificates(directory: string, options: WatchOptions): CertificateWatch {
  const first = readCertificate(directory);
  if (first.kind === "unusable") throw new ConfigError(first.problems);
  options.serve(first);
  const look = createLook(directory, { ...options, served: first });
  const { pollMs, settleMs } = options;
  const watch = watchDirectories([directory], {
    onEvent: look,
    ...(pollMs !== undefined && { pollMs }),
    ...(settleMs !== undefined && { settleMs }),
  });
  return { look, close: () => watch.close() };
}

function createLook(
  directory: string,
  options: WatchOptions & { readonly served: ServingCertificate },
): () => void {
  const { serve, metrics, log } = options;
  let { served } = options;
  const told = new Set<string>();
  const refuse = (problem: string) => {
    if (told.has(problem)) return;
    told.add(problem);
    metrics.refused();
    const fields = { problem, served_not_after: served.notAfter.toISOString() };
    log.warn("Refused a new certificate, the last good one is served on", fields);
  };
  return () => {
    const found = readCertificate(directory);
    if (found.kind === "unusable") {
      refuse(found.problems.join("; "));
      return;
    }
    const wasRefused = told.size > 0;
    told.clear();
    if (found.cert !== served.cert || found.key !== served.key) {
      served = found;
      serve(found);
    } else if (wasRefused) {
      metrics.recovered();
      log.info("The served certificate is in its directory again", { directory });
    }
  };
}
