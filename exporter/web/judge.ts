/** Fields of a web configuration that are right one by one -> what is wrong, or surprising, about them together. */
import { isOlder, opensslSuites } from "./names.ts";
import type { TlsFields, WebFields } from "./schema.ts";

/** What is wrong with a field, or worth a word. */
export interface Finding {
  readonly severity: "problem" | "warning";
  readonly path: readonly string[];
  readonly message: string;
}

/** What only shows when fields are seen together. */
export function judge(fields: WebFields): Finding[] {
  const { tls_server_config: tls, rate_limit: rate, basic_auth_users: users } = fields;
  const findings: Finding[] = [];
  if (users !== undefined && Object.keys(users).length === 0) {
    findings.push({
      severity: "warning",
      path: ["basic_auth_users"],
      message: "names nobody, so that nobody is asked for a password",
    });
  }
  if (rate?.interval && !rate.burst) {
    findings.push({
      severity: "problem",
      path: ["rate_limit", "burst"],
      message: "must be at least 1 where there is an interval, or nothing would be answered",
    });
  }
  const given = Object.values(tls ?? {}).some((value) => value !== undefined);
  if (!tls || !given) return findings;
  const add =
    (severity: Finding["severity"]) => (key: keyof TlsFields | undefined, message: string) => {
      findings.push({ severity, path: ["tls_server_config", ...(key ? [key] : [])], message });
    };
  judgePairs(tls, add("problem"));
  judgeVersions(tls, { problem: add("problem"), warn: add("warning") });
  judgeClients(tls, { problem: add("problem"), warn: add("warning") });
  return findings;
}

type Say = (key: keyof TlsFields | undefined, message: string) => void;

function judgePairs(tls: TlsFields, problem: Say): void {
  for (const part of ["cert", "key", "client_ca"] as const) {
    const file = `${part}_file` as const;
    const count = [tls[part], tls[file]].filter((value) => value !== undefined).length;
    if (count === 2) problem(part, `only one of ${part} and ${file} may be given`);
    if (count === 0 && part !== "client_ca")
      problem(undefined, `needs ${file}, or ${part} with the PEM text`);
  }
}

function judgeVersions(tls: TlsFields, { problem, warn }: { problem: Say; warn: Say }): void {
  const { min_version: min = "TLS12", max_version: max = "TLS13", cipher_suites: suites } = tls;
  if (isOlder(max, min)) {
    problem("max_version", `${max} must not be older than min_version, which is ${min}`);
  }
  if (suites === undefined) return;
  const old = opensslSuites(suites);
  if (min === "TLS13") {
    warn("cipher_suites", "changes nothing with min_version TLS13, whose suites are always all on");
  } else if (old.length === 0) {
    problem(
      "cipher_suites",
      "names suites of TLS 1.3 only, which are always on; name some of TLS 1.2 too, or set min_version: TLS13",
    );
  } else if (max === "TLS13" && old.length < suites.length) {
    warn(
      "cipher_suites",
      "chooses among the suites up to TLS 1.2; those of TLS 1.3 are always all on",
    );
  }
}

function judgeClients(tls: TlsFields, { problem, warn }: { problem: Say; warn: Say }): void {
  const { client_auth_type: auth = "NoClientCert" } = tls;
  const caKey = tls.client_ca === undefined ? "client_ca_file" : "client_ca";
  const hasCa = tls[caKey] !== undefined;
  const verifies = auth === "VerifyClientCertIfGiven" || auth === "RequireAndVerifyClientCert";
  if (verifies && !hasCa) {
    problem("client_auth_type", `${auth} needs client_ca_file, or client_ca with the PEM text`);
  }
  if (hasCa && auth === "NoClientCert") {
    problem(caKey, "needs a client_auth_type that verifies: RequireAndVerifyClientCert");
  } else if (hasCa && !verifies) {
    warn(caKey, `is not used: client_auth_type ${auth} takes certificates of every authority`);
  }
  judgeSans(tls, { problem, warn });
}

function judgeSans(tls: TlsFields, { problem, warn }: { problem: Say; warn: Say }): void {
  const { client_auth_type: auth, client_allowed_sans: sans } = tls;
  if (sans === undefined) return;
  if (auth === "RequireAnyClientCert") {
    warn("client_allowed_sans", `anybody can make such a certificate: ${auth} does not verify it`);
  } else if (auth !== "RequireAndVerifyClientCert") {
    problem(
      "client_allowed_sans",
      "needs client_auth_type RequireAndVerifyClientCert, since other clients may show no certificate",
    );
  }
}
