/** Makes an authority for client certificates, and certificates of it, for a test. */
import "reflect-metadata"; // @peculiar/x509 resolves its algorithms through it.
import {
  AuthorityKeyIdentifierExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { issueAuthority, type Pair } from "../issue.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

export interface ClientCertificateOptions {
  /** Subject alternative names. Default: DNS `prometheus`. */
  readonly names?: JsonGeneralName[];
  /** Default: in a day. */
  readonly notAfter?: Date;
  /** Default: a client's. */
  readonly usage?: "client" | "server";
}

/** An authority that signs certificates of clients. */
export interface ClientAuthority {
  /** PEM. */
  readonly ca: string;
  issue(options?: ClientCertificateOptions): Promise<Pair>;
}

/** Makes an authority in a few milliseconds. */
export async function createClientAuthority(name = "Test clients"): Promise<ClientAuthority> {
  const notBefore = new Date(Date.now() - 2 * DAY_MS);
  const authority = await issueAuthority(name, {
    notBefore,
    notAfter: new Date(Date.now() + 30 * DAY_MS),
  });
  const keyBytes = PemConverter.decodeFirst(authority.key);
  const signingKey = await crypto.subtle.importKey("pkcs8", keyBytes, ALGORITHM, false, ["sign"]);
  const issuer = new X509Certificate(authority.cert);
  const issue = async (options: ClientCertificateOptions = {}): Promise<Pair> => {
    const { names = [{ type: "dns", value: "prometheus" }], usage = "client" } = options;
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const cert = await X509CertificateGenerator.create({
      serialNumber: `0${crypto.randomUUID().replaceAll("-", "").slice(1)}`,
      subject: [{ CN: ["a client"] }],
      issuer: issuer.subject,
      notBefore,
      notAfter: options.notAfter ?? new Date(Date.now() + DAY_MS),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new ExtendedKeyUsageExtension([
          usage === "client" ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth,
        ]),
        new SubjectAlternativeNameExtension(names),
        // Authorities of a test have one name: by it alone, the wrong one may be tried.
        await AuthorityKeyIdentifierExtension.create(issuer),
      ],
    });
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    const key = PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag);
    return { cert: cert.toString("pem"), key };
  };
  return { ca: authority.cert, issue };
}
