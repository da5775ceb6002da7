/** The certificate that is served now, from wherever it came: remembered, logged, warned of when it ends. */
import { X509Certificate } from "node:crypto";
import type { Logger } from "../shared/log.ts";
import type { ServingCertificate } from "./certificates.ts";

/** What a clock says of a certificate. */
export type Validity = "valid" | "ends_soon" | "ended" | "not_yet";

const DAY_MS = 86_400_000;

/** Whoever renews certificates does so weeks before: with this little left, something has failed. */
const SOON_MS = 7 * DAY_MS;

const WARNINGS: Readonly<Record<Exclude<Validity, "valid">, string>> = {
  ends_soon: "The served certificate ends within 7 days: see why it has not been renewed",
  ended: "The served certificate has ended, so the API server refuses it: renew it",
  not_yet:
    "The served certificate is not valid yet, so the API server refuses it: compare the clocks",
};

/** What a moment means for a certificate. */
export function judgeValidity(
  { notBefore, notAfter }: Pick<ServingCertificate, "notBefore" | "notAfter">,
  nowMs: number,
): Validity {
  if (nowMs < Number(notBefore)) return "not_yet";
  if (nowMs > Number(notAfter)) return "ended";
  return Number(notAfter) - nowMs < SOON_MS ? "ends_soon" : "valid";
}

/** The holder of what is served. */
export interface ServedCertificate {
  readonly current: ServingCertificate | undefined;
  /** Called when a pair is served. */
  set(certificate: ServingCertificate): void;
  /** Warns, once for each certificate and reason, where the clock has come near the end or past it. */
  remind(): void;
}

/** Nothing is served at first. */
export function createServedCertificate(options: {
  readonly log: Logger;
  readonly nowMs: () => number;
}): ServedCertificate {
  const { log, nowMs } = options;
  let current: ServingCertificate | undefined;
  let told: Validity = "valid";
  const remind = () => {
    if (current === undefined) return;
    const validity = judgeValidity(current, nowMs());
    if (validity !== told && validity !== "valid") log.warn(WARNINGS[validity], dates(current));
    told = validity;
  };
  return {
    get current() {
      return current;
    },
    set: (certificate) => {
      current = certificate;
      told = "valid";
      const { fingerprint256: sha256_fingerprint } = new X509Certificate(certificate.cert);
      log.info("Serving a certificate", { ...dates(certificate), sha256_fingerprint });
      remind();
    },
    remind,
  };
}

function dates({ notBefore, notAfter }: ServingCertificate) {
  return { not_before: notBefore.toISOString(), not_after: notAfter.toISOString() };
}
