import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificate, type TestCertificate } from "../shared/testing/certificate.ts";
import { readCertificate } from "./certificates.ts";

const root = mkdtempSync(join(tmpdir(), "certificates-"));
let pair: TestCertificate;
let other: TestCertificate;

beforeAll(async () => {
  pair = await createCertificate();
  other = await createCertificate({ notAfter: new Date(Date.now() - 60_000) });
});
afterAll(() => rmSync(root, { recursive: true }));

function directory(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(root, "d-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function problems(path: string): readonly string[] {
  const certificate = readCertificate(path);
  return certificate.kind === "unusable"
    ? certificate.problems.map((problem) => problem.replaceAll(path, "DIR"))
    : [];
}

describe("readCertificate()", () => {
  test("reads a pair, with the time it is valid", () => {
    const { cert, key } = pair;
    const certificate = readCertificate(directory({ "tls.crt": cert, "tls.key": key }));
    expect(certificate).toMatchObject({ kind: "usable", cert, key });
    if (certificate.kind === "usable") {
      expect(Number(certificate.notBefore)).toBeLessThan(Date.now());
      expect(Number(certificate.notAfter)).toBeGreaterThan(Date.now());
    }
  });
  test("reads a chain", () => {
    const chain = directory({ "tls.crt": pair.cert + pair.ca, "tls.key": pair.key });
    expect(problems(chain)).toEqual([]);
  });
  test("leaves it to the caller to judge a certificate that has expired", () => {
    expect(problems(directory({ "tls.crt": other.cert, "tls.key": other.key }))).toEqual([]);
  });
  test("names a directory that is not there, or is none", () => {
    expect(problems(join(root, "none"))).toEqual([
      expect.stringMatching(/^DIR: cannot be opened .*\(ENOENT\); mount a Secret .*--cert-dir$/),
    ]);
    const file = join(directory({ file: "" }), "file");
    expect(problems(file)).toEqual([expect.stringContaining("is not a directory")]);
  });
  test("names both files where both are missing or cannot be read", () => {
    const path = directory({});
    mkdirSync(join(path, "tls.key"));
    expect(problems(path)).toEqual([
      expect.stringMatching(/^DIR\/tls\.crt: cannot be read \(ENOENT\); mount a Secret/),
      expect.stringMatching(/^DIR\/tls\.key: cannot be read \(EISDIR\); mount a Secret/),
    ]);
  });
  test("says what a file should hold", () => {
    expect(problems(directory({ "tls.crt": "garbage", "tls.key": "" }))).toEqual([
      "DIR/tls.crt: holds no certificate in PEM (NO_START_LINE)",
      "DIR/tls.key: holds no private key in PEM without a passphrase (NO_START_LINE)",
    ]);
    expect(problems(directory({ "tls.crt": pair.key, "tls.key": pair.cert }))).toHaveLength(2);
  });
  test("refuses a key of another certificate", () => {
    expect(problems(directory({ "tls.crt": pair.cert, "tls.key": other.key }))).toEqual([
      "DIR/tls.key: is not the key of the certificate in tls.crt; both must come from one Secret",
    ]);
  });
  test("refuses a chain whose end is broken", () => {
    const broken = `${pair.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
    expect(problems(directory({ "tls.crt": broken, "tls.key": pair.key }))).toEqual([
      expect.stringMatching(/^DIR\/tls\.crt: holds a chain that TLS cannot use \(\w+\)$/),
    ]);
  });
});
