/** The words that Go's crypto/tls has for versions, suites, curves and client certificates -> OpenSSL's. */
import type { SecureVersion } from "node:tls";

/** Oldest first. */
export const VERSIONS = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
} as const satisfies Record<string, SecureVersion>;

export type VersionName = keyof typeof VERSIONS;

/** Whether `one` is older than `other`. */
export function isOlder(one: VersionName, other: VersionName): boolean {
  return VERSIONS[one] < VERSIONS[other];
}

/** The suites up to TLS 1.2 that Go calls secure (`tls.CipherSuites()`). */
const SUITES = {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
} as const;

/** Those of TLS 1.3 may be named, as in Go, but are always on. */
const SUITES_13 = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
] as const;

export type SuiteName = keyof typeof SUITES | (typeof SUITES_13)[number];

export const SUITE_NAMES: readonly [SuiteName, ...SuiteName[]] = [
  ...SUITES_13,
  ...(Object.keys(SUITES) as (keyof typeof SUITES)[]),
];

/** The suites up to TLS 1.2 among these, in OpenSSL's names and the same order. */
export function opensslSuites(names: readonly SuiteName[]): string[] {
  return names.flatMap((name) => (name in SUITES ? [SUITES[name as keyof typeof SUITES]] : []));
}

export const CURVES = {
  CurveP256: "P-256",
  CurveP384: "P-384",
  CurveP521: "P-521",
  X25519: "X25519",
} as const;

export type CurveName = keyof typeof CURVES;

/** What is asked of clients, the strictest last. */
export const CLIENT_AUTH = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;

export type ClientAuth = (typeof CLIENT_AUTH)[number];

/** An older word of the toolkit, which still takes it. */
export const CLIENT_AUTH_ALIAS = "RequireClientCert";
