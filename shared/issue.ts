/** Makes certificate authorities and serving certificates: ECDSA P-256, X.509 by @peculiar/x509. */
import "reflect-metadata"; // @peculiar/x509 resolves its algorithms through it.
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate with its private key, PEM (PKCS #8, not encrypted). */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** From when to when a certificate is valid. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Who a serving certificate is for. The first name is also its common name. */
export interface Names {
  readonly dns: readonly string[];
  readonly ip?: readonly string[];
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** ub-common-name of RFC 5280; nobody looks at the common name where there are alternative ones. */
const MAX_COMMON_NAME = 64;

/** A new authority, in a few milliseconds. */
export async function issueAuthority(commonName: string, validity: Validity): Promise<Pair> {
  const keys = await generateKeys();
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName.slice(0, MAX_COMMON_NAME)] }],
    keys,
    ...common(validity),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: line(cert.toString("pem")), key: await exportKey(keys) };
}

/** A new serving certificate, which never outlives its authority. */
export async function issueServing(
  authority: Pair,
  { dns, ip = [] }: Names,
  validity: Validity,
): Promise<Pair> {
  const issuer = new X509Certificate(authority.cert);
  const keys = await generateKeys();
  const ends = Math.min(validity.notAfter.getTime(), issuer.notAfter.getTime());
  const [first = ""] = dns;
  const cert = await X509CertificateGenerator.create({
    ...common({ ...validity, notAfter: new Date(ends) }),
    subject: [{ CN: [first.slice(0, MAX_COMMON_NAME)] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...dns.map((value) => ({ type: "dns" as const, value })),
        ...ip.map((value) => ({ type: "ip" as const, value })),
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: line(cert.toString("pem")), key: await exportKey(keys) };
}

/** Serial numbers of 122 random bits: positive, and at most 20 octets (RFC 5280, 4.1.2.2). */
function common(validity: Validity) {
  const serialNumber = `0${crypto.randomUUID().replaceAll("-", "").slice(1)}`;
  return { ...validity, serialNumber, signingAlgorithm: ALGORITHM };
}

/** Extractable, since the private key ends in a file or a Secret. */
async function generateKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function exportKey({ privateKey }: CryptoKeyPair): Promise<string> {
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  return line(PemConverter.encode(bytes, PemConverter.PrivateKeyTag));
}

async function importKey(pem: string): Promise<CryptoKey> {
  const bytes = PemConverter.decodeFirst(pem);
  return await crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, false, ["sign"]);
}

function line(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
