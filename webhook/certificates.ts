/** A directory with tls.crt and tls.key -> a certificate that can be served, or what is wrong with it. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { describeError } from "../shared/log.ts";

/** A serving certificate with its key, checked to belong together. */
export interface ServingCertificate {
  readonly kind: "usable";
  /** PEM: the serving certificate first, then any intermediates. */
  readonly cert: string;
  /** PEM, not encrypted. */
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A pair that cannot be served; one line for each fault, which names the file and what to do. */
export interface UnusableCertificate {
  readonly kind: "unusable";
  readonly problems: readonly string[];
}

const ADVICE =
  "mount a Secret of type kubernetes.io/tls there, or name another directory with --cert-dir";

/**
 * Reads `tls.crt` and `tls.key` of a directory. Both have to be PEM, whole, and of one pair. A
 * certificate that has expired is still usable: whether to go on is the caller's to judge.
 */
export function readCertificate(directory: string): ServingCertificate | UnusableCertificate {
  const problem = directoryProblem(directory);
  if (problem !== undefined) return { kind: "unusable", problems: [problem] };

  const cert = readPart(
    join(directory, "tls.crt"),
    "certificate",
    (pem) => new X509Certificate(pem),
  );
  const key = readPart(join(directory, "tls.key"), "private key", createPrivateKey);
  if (cert.kind === "read" && key.kind === "read") {
    const mismatch = pairProblem(directory, cert, key);
    if (mismatch !== undefined) return { kind: "unusable", problems: [mismatch] };
    const { validFromDate: notBefore, validToDate: notAfter } = cert.value;
    return { kind: "usable", cert: cert.pem, key: key.pem, notBefore, notAfter };
  }
  const problems = [cert, key].flatMap((part) => (part.kind === "faulty" ? [part.problem] : []));
  return { kind: "unusable", problems };
}

function directoryProblem(directory: string): string | undefined {
  try {
    if (statSync(directory).isDirectory()) return undefined;
    return `${directory}: is not a directory with tls.crt and tls.key; ${ADVICE}`;
  } catch (error) {
    return `${directory}: cannot be opened to find tls.crt and tls.key (${reason(error)}); ${ADVICE}`;
  }
}

type Part<T> =
  | { readonly kind: "read"; readonly pem: string; readonly value: T }
  | { readonly kind: "faulty"; readonly problem: string };

function readPart<T>(path: string, what: string, parse: (pem: string) => T): Part<T> {
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    return { kind: "faulty", problem: `${path}: cannot be read (${reason(error)}); ${ADVICE}` };
  }
  try {
    return { kind: "read", pem, value: parse(pem) };
  } catch (error) {
    const form = what === "private key" ? "PEM without a passphrase" : "PEM";
    return { kind: "faulty", problem: `${path}: holds no ${what} in ${form} (${reason(error)})` };
  }
}

function pairProblem(
  directory: string,
  cert: { readonly pem: string; readonly value: X509Certificate },
  key: { readonly pem: string; readonly value: KeyObject },
): string | undefined {
  if (!cert.value.checkPrivateKey(key.value)) {
    return `${join(directory, "tls.key")}: is not the key of the certificate in tls.crt; both must come from one Secret`;
  }
  try {
    // X509Certificate reads only the first part of a chain, TLS all of it.
    createSecureContext({ cert: cert.pem, key: key.pem });
    return undefined;
  } catch (error) {
    return `${join(directory, "tls.crt")}: holds a chain that TLS cannot use (${reason(error)})`;
  }
}

/** The system's code, such as ENOENT, or the last part of OpenSSL's text, which begins with numbers. */
function reason(error: unknown): string {
  if (error instanceof Error && "code" in error && "syscall" in error) return String(error.code);
  return describeError(error).split(":").at(-1) ?? "";
}
