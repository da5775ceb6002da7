/** Makes a certificate authority and a serving certificate for this machine, without openssl. */
import { issueAuthority, issueServing } from "../issue.ts";

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

const DAY_MS = 86_400_000;

/** Makes both in a few milliseconds. The authority's own key is thrown away. */
export async function createCertificate(
  options: TestCertificateOptions = {},
): Promise<TestCertificate> {
  const notAfter = options.notAfter ?? new Date(Date.now() + 30 * DAY_MS);
  // Two days back, so that a test may ask for a certificate that has just expired.
  const notBefore = new Date(Date.now() - 2 * DAY_MS);
  const longer = { notBefore, notAfter: new Date(Date.now() + 31 * DAY_MS) };
  const authority = await issueAuthority("Test authority", longer);
  const names = { dns: ["localhost"], ip: ["127.0.0.1", "::1"] };
  const serving = await issueServing(authority, names, { notBefore, notAfter });
  return { ca: authority.cert, ...serving };
}
