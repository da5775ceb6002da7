/** Checked TLS fields and the files that they name -> what the TLS listener is given, or what is wrong with them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { TlsSettings } from "../../shared/tls/listener.ts";
import type { ClientPolicy } from "./client-certificate.ts";
import type { WebConfig } from "./config.ts";
import { CURVES, opensslSuites, VERSIONS } from "./names.ts";
import type { TlsFields } from "./schema.ts";

/** Everything that TLS needs. */
export interface Material {
  readonly settings: TlsSettings;
  readonly clients: ClientPolicy;
  /** When the certificate ends. */
  readonly notAfter: Date;
}

/** Reads a file, or gives the system's code for why it cannot. */
export type ReadFile = (path: string) => { readonly text: string } | { readonly code: string };

type Describe = (WebConfig & { kind: "usable" })["describe"];

/** Reads and checks certificate, key and authorities. Paths are relative to the directory of `configFile`. */
export function readMaterial(
  tls: TlsFields,
  read: ReadFile,
  { configFile, describe }: { readonly configFile: string; readonly describe: Describe },
): Material | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const part = <T>(name: "cert" | "key" | "client_ca", what: string, parse: (pem: string) => T) => {
    const file = tls[`${name}_file`];
    const field = file === undefined ? name : `${name}_file`;
    const about = `${describe(["tls_server_config", field])}${file === undefined ? "" : ` "${file}"`}`;
    const found =
      file === undefined ? { text: tls[name] ?? "" } : read(resolve(dirname(configFile), file));
    if ("code" in found) {
      problems.push(`${about}: cannot be read (${found.code})`);
      return undefined;
    }
    try {
      return { about, pem: found.text, value: parse(found.text) };
    } catch (error) {
      problems.push(`${about}: holds no ${what} (${lastPart(error)})`);
      return undefined;
    }
  };
  const cert = part("cert", "certificate in PEM", (pem) => new X509Certificate(pem));
  const key = part("key", "private key in PEM without a passphrase", createPrivateKey);
  const hasCa = tls.client_ca !== undefined || tls.client_ca_file !== undefined;
  const ca = hasCa ? part("client_ca", "certificates in PEM", parseAuthorities) : undefined;
  if (cert && key && !cert.value.checkPrivateKey(key.value)) {
    problems.push(`${key.about}: is not the key of the certificate`);
  }
  if (problems.length > 0 || !cert || !key) return { problems };
  const settings = {
    ...listenerSettings(tls),
    cert: cert.pem,
    key: key.pem,
    ...(ca && { ca: ca.pem }),
  };
  try {
    createSecureContext(settings);
  } catch (error) {
    return {
      problems: [`${describe(["tls_server_config"])}: TLS cannot use it (${lastPart(error)})`],
    };
  }
  return { settings, clients: clientPolicy(tls), notAfter: cert.value.validToDate };
}

function clientPolicy({ client_auth_type, client_allowed_sans }: TlsFields): ClientPolicy {
  return {
    auth: client_auth_type ?? "NoClientCert",
    ...(client_allowed_sans && { allowedSans: client_allowed_sans }),
  };
}

function listenerSettings(tls: TlsFields): Omit<TlsSettings, "cert" | "key"> {
  const { cipher_suites: suites = [], curve_preferences: curves } = tls;
  const old = opensslSuites(suites);
  return {
    minVersion: VERSIONS[tls.min_version ?? "TLS12"],
    maxVersion: VERSIONS[tls.max_version ?? "TLS13"],
    honorCipherOrder: tls.prefer_server_cipher_suites ?? true,
    ...(old.length > 0 && { ciphers: old.join(":") }),
    ...(curves && { ecdhCurve: curves.map((curve) => CURVES[curve]).join(":") }),
  };
}

/** TLS would pass over a part of the file that it cannot read. */
function parseAuthorities(pem: string): X509Certificate[] {
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  if (parts === null) throw new TypeError("there is none");
  return parts.map((part) => new X509Certificate(part));
}

/** OpenSSL's texts begin with numbers; the last part is the one to read. */
function lastPart(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split(":").at(-1)?.trim() ?? "";
}
