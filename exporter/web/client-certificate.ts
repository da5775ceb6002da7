/** The certificate that a client has shown -> nothing, or why the client is not let in. */
import { isIP, isIPv6 } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClientAuth } from "./names.ts";

/** Who is let in. */
export interface ClientPolicy {
  readonly auth: ClientAuth;
  /** One of these has to be among the certificate's names; none: whatever its names are. */
  readonly allowedSans?: readonly string[];
}

/** What a handshake has shown of its client. */
export interface ShownCertificate {
  /** Why it does not lead to one of the authorities, in a word of OpenSSL's; nothing where it does. */
  readonly fault: string | undefined;
  readonly notAfter: Date;
  /** Its subject alternative names, as {@link readNames} gives them. */
  readonly names: readonly string[];
}

/** Why a client that has shown this, or no certificate, is not let in. */
export function judgeClient(
  { auth, allowedSans }: ClientPolicy,
  shown: ShownCertificate | undefined,
  nowMs: number,
): string | undefined {
  const required = auth === "RequireAnyClientCert" || auth === "RequireAndVerifyClientCert";
  if (shown === undefined) return required ? "no client certificate" : undefined;
  if (auth === "VerifyClientCertIfGiven" || auth === "RequireAndVerifyClientCert") {
    if (shown.fault !== undefined) return `client certificate not verified: ${shown.fault}`;
    // A session that is resumed brings the verdict of its first handshake along.
    if (shown.notAfter.getTime() < nowMs) return "client certificate has expired";
  }
  if (allowedSans === undefined) return undefined;
  const allowed = new Set(allowedSans.map(canonical));
  return shown.names.some((name) => allowed.has(name))
    ? undefined
    : "client certificate has none of client_allowed_sans";
}

/** What a client has shown, or nothing. */
export function readShown(socket: TLSSocket): ShownCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    fault: socket.authorized ? undefined : String(socket.authorizationError),
    notAfter: certificate.validToDate,
    names: readNames(certificate.subjectAltName),
  };
}

const KINDS = new Set(["DNS", "email", "IP Address", "URI"]);

/**
 * The names in Node's text of them, `DNS:a, IP Address:10.0.0.1`, without their kinds. A name that holds
 * a comma stands in quotes there, so that it cannot pass for several (CVE-2021-44532). Addresses are
 * given in their shortest form. Text of another make gives no names at all.
 */
export function readNames(text: string | undefined): string[] {
  const names: string[] = [];
  let rest = text ?? "";
  while (rest !== "") {
    const match = /^([^:"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/.exec(rest);
    if (match === null) return [];
    const [whole, kind = "", value = ""] = match;
    if (KINDS.has(kind)) names.push(canonical(value.startsWith('"') ? unquote(value) : value));
    rest = rest.slice(whole.length);
  }
  return names;
}

function unquote(text: string): string {
  const value: unknown = JSON.parse(text);
  return String(value);
}

function canonical(name: string): string {
  return isIP(name) !== 0 && isIPv6(name)
    ? new URL(`http://[${name}]`).hostname.slice(1, -1)
    : name;
}
