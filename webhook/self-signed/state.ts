/** What the shared Secret holds <-> certificates that can be judged. Whatever cannot be read is left out. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Pair } from "../../shared/issue.ts";
import { BACKDATED_MS } from "./issue.ts";

/** An authority of the bundle; without a key it can only be trusted. */
export interface Authority {
  readonly cert: string;
  readonly key: string | undefined;
  readonly x509: X509Certificate;
  readonly madeMs: number;
  readonly endsMs: number;
}

/** The serving certificate with its key. */
export interface Serving extends Pair {
  readonly x509: X509Certificate;
  readonly madeMs: number;
  readonly endsMs: number;
}

/** Everything that the replicas share. */
export interface State {
  /** Newest first. */
  readonly authorities: readonly Authority[];
  readonly serving: Serving | undefined;
}

/** The keys of the Secret, of type kubernetes.io/tls. */
const FIELDS = { cert: "tls.crt", key: "tls.key", bundle: "ca.crt", bundleKeys: "ca.key" } as const;

/** Data of a Secret: base64 by key. */
export type SecretData = Readonly<Record<string, string>>;

/** Reads a Secret's data. Never throws. */
export function readState(data: SecretData): State {
  const texts = Object.fromEntries(
    Object.entries(FIELDS).map(([name, key]) => [name, decode(data[key])]),
  );
  const keys = blocks(texts.bundleKeys, "PRIVATE KEY");
  const authorities = blocks(texts.bundle, "CERTIFICATE").flatMap((cert) =>
    readAuthority(cert, keys),
  );
  return {
    authorities: sorted(authorities),
    serving: readServing(texts.cert ?? "", texts.key ?? ""),
  };
}

/** A Secret's data for a state. */
export function writeState({ authorities, serving }: State): SecretData {
  return {
    [FIELDS.cert]: encode(serving?.cert ?? ""),
    [FIELDS.key]: encode(serving?.key ?? ""),
    [FIELDS.bundle]: encode(bundleOf(authorities)),
    [FIELDS.bundleKeys]: encode(authorities.map(({ key = "" }) => key).join("")),
  };
}

/** The certificates of a PEM text, as authorities that are only trusted. */
export function readAuthorities(pem: string): readonly Authority[] {
  return blocks(pem, "CERTIFICATE").flatMap((cert) => readAuthority(cert, []));
}

/** The authorities as one PEM text. */
export function bundleOf(authorities: readonly Authority[]): string {
  return authorities.map(({ cert }) => cert).join("");
}

/** Newest first. */
export function sorted(authorities: readonly Authority[]): readonly Authority[] {
  return authorities.toSorted((a, b) => b.madeMs - a.madeMs);
}

/** An authority that was just made. */
export function toAuthority({ cert, key }: Pair): Authority {
  const x509 = new X509Certificate(cert);
  return { cert, key, x509, ...times(x509) };
}

/** A serving certificate that was just made. */
export function toServing({ cert, key }: Pair): Serving {
  const x509 = new X509Certificate(cert);
  return { cert, key, x509, ...times(x509) };
}

/** Whether an authority signed a certificate, whatever the names in them say. */
export function signed(authority: Authority, certificate: X509Certificate): boolean {
  return certificate.verify(authority.x509.publicKey);
}

function times({ validFromDate, validToDate }: X509Certificate) {
  return { madeMs: validFromDate.getTime() + BACKDATED_MS, endsMs: validToDate.getTime() };
}

function readAuthority(cert: string, keys: readonly string[]): Authority[] {
  try {
    const x509 = new X509Certificate(cert);
    // A certificate that is no authority's can be trusted all the same: cert-manager's selfSigned makes such.
    const key = x509.ca ? keys.find((pem) => belongs(x509, pem)) : undefined;
    return [{ cert, key, x509, ...times(x509) }];
  } catch {
    return []; // Somebody has edited the Secret: what is missing is made anew.
  }
}

function readServing(cert: string, key: string): Serving | undefined {
  try {
    const x509 = new X509Certificate(cert);
    return belongs(x509, key) ? { cert, key, x509, ...times(x509) } : undefined;
  } catch {
    return undefined; // As above.
  }
}

function belongs(x509: X509Certificate, pem: string): boolean {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return false; // No key at all belongs to none.
  }
  return x509.checkPrivateKey(key);
}

function blocks(text: string | undefined, label: string): readonly string[] {
  const pattern = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, "g");
  return (text?.match(pattern) ?? []).map((block) => `${block}\n`);
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString();
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
