import { describe, expect, test } from "bun:test";
import {
  type ClientPolicy,
  judgeClient,
  readNames,
  type ShownCertificate,
} from "./client-certificate.ts";

const NOW = Date.UTC(2026, 10, 25);
const good: ShownCertificate = {
  fault: undefined,
  notAfter: new Date(NOW + 1000),
  names: ["prometheus", "10.0.0.1"],
};
const strange = { ...good, fault: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" };
const expired = { ...good, notAfter: new Date(NOW - 1000) };

const NONE = "no client certificate";
const FAULT = "client certificate not verified: UNABLE_TO_VERIFY_LEAF_SIGNATURE";
const EXPIRED = "client certificate has expired";
const NAMES = "client certificate has none of client_allowed_sans";

describe("judgeClient()", () => {
  /** What becomes of a client that shows nothing, a stranger's, an expired and a good certificate. */
  test.each<[ClientPolicy["auth"], readonly (string | undefined)[]]>([
    ["NoClientCert", [undefined, undefined, undefined, undefined]],
    ["RequestClientCert", [undefined, undefined, undefined, undefined]],
    ["RequireAnyClientCert", [NONE, undefined, undefined, undefined]],
    ["VerifyClientCertIfGiven", [undefined, FAULT, EXPIRED, undefined]],
    ["RequireAndVerifyClientCert", [NONE, FAULT, EXPIRED, undefined]],
  ])("with %s", (auth, expected) => {
    const shown = [undefined, strange, expired, good];
    expect(shown.map((one) => judgeClient({ auth }, one, NOW))).toEqual([...expected]);
  });

  test.each<[string, readonly string[], string | undefined]>([
    ["one of its names", ["other", "prometheus"], undefined],
    ["its address", ["10.0.0.1"], undefined],
    ["another name", ["other"], NAMES],
    ["a part of its name", ["prom", "prometheus.example.com", "*"], NAMES],
    ["its name in capitals", ["PROMETHEUS"], NAMES],
    ["nobody", [], NAMES],
  ])("where %s is allowed", (_name, allowedSans, expected) => {
    const policy = { auth: "RequireAndVerifyClientCert", allowedSans } as const;
    expect(judgeClient(policy, good, NOW)).toBe(expected);
    expect(judgeClient(policy, strange, NOW)).toBe(FAULT);
  });

  test("compares IPv6 addresses, however they are written", () => {
    const shown = { ...good, names: readNames("IP Address:2001:DB8:0:0:0:0:0:1") };
    for (const allowed of ["2001:db8::1", "2001:DB8:0::1"]) {
      const policy = { auth: "RequireAnyClientCert", allowedSans: [allowed] } as const;
      expect(judgeClient(policy, shown, NOW)).toBeUndefined();
    }
  });
});

describe("readNames()", () => {
  test.each<[string | undefined, readonly string[]]>([
    [undefined, []],
    ["", []],
    ["DNS:a", ["a"]],
    [
      "DNS:a.example, IP Address:10.0.0.1, email:a@b.c, URI:spiffe://x/y",
      ["a.example", "10.0.0.1", "a@b.c", "spiffe://x/y"],
    ],
    ["IP Address:2001:DB8:0:0:0:0:0:1", ["2001:db8::1"]],
    ["DirName:/CN=a, othername:<unsupported>, DNS:b", ["b"]],
    ['DNS:"evil\\u002c DNS:prometheus", DNS:a', ["evil, DNS:prometheus", "a"]],
    ['URI:"x\\u002cURI:y"', ["x,URI:y"]],
    ['DNS:"unfinished, DNS:prometheus', []],
    ["prometheus", []],
  ])("of %j gives %j", (text, names) => {
    expect(readNames(text)).toEqual([...names]);
  });
});
