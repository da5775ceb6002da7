/** A mounted Secret of certificates that are rotated. */
import { X509Certificate } from "node:crypto";
import { createCertificate, type TestCertificate } from "../../shared/testing/certificate.ts";
import { mountSecret } from "../../webhook/testing/mounted-secret.ts";

/** Different pairs, each of an authority of its own; after the last comes the first again. */
const PAIRS = 4;

/** A directory with tls.crt and tls.key, changed as the kubelet changes it. */
export interface RotatedSecret extends Disposable {
  readonly directory: string;
  /** PEM of all authorities that a client has to trust. */
  readonly ca: string;
  /** Puts the next pair in the place of the last; gives the SHA-256 of its certificate. */
  readonly rotate: () => string;
}

export function createPairs(): Promise<TestCertificate[]> {
  return Promise.all(Array.from({ length: PAIRS }, () => createCertificate()));
}

/** Mounts the first pair. */
export function mountPairs(pairs: readonly TestCertificate[]): RotatedSecret {
  let rotations = 0;
  const current = () => pairs[rotations % pairs.length] as TestCertificate;
  const secret = mountSecret(current());
  return {
    directory: secret.directory,
    ca: pairs.map(({ ca }) => ca).join(""),
    rotate: () => {
      rotations += 1;
      secret.swap(current());
      return new X509Certificate(current().cert).fingerprint256;
    },
    [Symbol.dispose]: () => secret[Symbol.dispose](),
  };
}
