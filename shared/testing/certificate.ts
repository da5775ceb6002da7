/** Makes a certificate authority and a serving certificate for this machine, without openssl. */
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
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** PEM texts. */
export interface TestCertificate {
  /** The authority that a client has to trust. */
  readonly ca: string;
  /** The serving certificate for localhost, 127.0.0.1 and ::1. */
  readonly cert: string;
  /** Its private key, PKCS #8, not encrypted. */
  readonly key: string;
}

export interface TestCertificateOptions {
  /** When the serving certificate ends, default in 30 days. */
  readonly notAfter?: Date;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** Makes both with ECDSA P-256 in a few milliseconds. The authority's own key is thrown away. */
export async function createCertificate(
  options: TestCertificateOptions = {},
): Promise<TestCertificate> {
  const notAfter = options.notAfter ?? new Date(Date.now() + 30 * DAY_MS);
  // Two days back, so that a test may ask for a certificate that has just expired.
  const dates = { notBefore: new Date(Date.now() - 2 * DAY_MS), signingAlgorithm: ALGORITHM };
  const caKeys = await generateKeys();
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...dates,
    name: "CN=Test authority",
    notAfter: new Date(Date.now() + 31 * DAY_MS),
    keys: caKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const keys = await generateKeys();
  const cert = await X509CertificateGenerator.create({
    ...dates,
    notAfter,
    subject: "CN=localhost",
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: await servingExtensions(ca, keys.publicKey),
  });
  const key = PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    PemConverter.PrivateKeyTag,
  );
  return { ca: line(ca.toString("pem")), cert: line(cert.toString("pem")), key: line(key) };
}

async function servingExtensions(ca: X509Certificate, publicKey: CryptoKey) {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([
      { type: "dns", value: "localhost" },
      { type: "ip", value: "127.0.0.1" },
      { type: "ip", value: "::1" },
    ]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(ca),
  ];
}

/** Extractable, since the private key ends in a file. */
async function generateKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function line(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
