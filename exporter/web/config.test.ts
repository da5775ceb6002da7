import { describe, expect, test } from "bun:test";
import { readWebConfig } from "./config.ts";

const HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
const PAIR = "cert_file: c\n  key_file: k";

async function problems(text: string): Promise<readonly string[]> {
  const config = readWebConfig("web.yml", text);
  return config.kind === "unusable" ? config.problems : [];
}

async function usable(text: string) {
  const config = readWebConfig("web.yml", text);
  if (config.kind === "unusable") throw new Error(config.problems.join("\n"));
  return config;
}

describe("readWebConfig() takes", () => {
  test("the toolkit's whole sample", async () => {
    const { fields, warnings } = await usable(`
# A comment
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: "RequireAndVerifyClientCert"
  client_ca_file: tls-ca-chain.pem
  client_allowed_sans:
    - prometheus.example.com
    - spiffe://cluster/prometheus
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: 0
    Strict-Transport-Security: max-age=31536000; includeSubDomains
basic_auth_users:
  alice: ${HASH}
  007: ${HASH.replace("$2y", "$2b")}
  "": ${HASH.replace("$2y", "$2a")}
rate_limit:
  interval: 100ms
  burst: 20
`);
    expect(fields).toEqual({
      tls_server_config: {
        cert_file: "server.crt",
        key_file: "server.key",
        client_auth_type: "RequireAndVerifyClientCert",
        client_ca_file: "tls-ca-chain.pem",
        client_allowed_sans: ["prometheus.example.com", "spiffe://cluster/prometheus"],
        min_version: "TLS12",
        max_version: "TLS13",
        cipher_suites: [
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        ],
        prefer_server_cipher_suites: false,
        curve_preferences: ["CurveP256", "X25519"],
      },
      http_server_config: {
        http2: true,
        headers: {
          "Content-Security-Policy": "default-src 'self'",
          "X-Frame-Options": "deny",
          "X-Content-Type-Options": "nosniff",
          "X-XSS-Protection": "0",
          "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        },
      },
      basic_auth_users: {
        alice: HASH,
        "007": HASH.replace("$2y", "$2b"),
        "": HASH.replace("$2y", "$2a"),
      },
      rate_limit: { interval: 100, burst: 20 },
    });
    expect(warnings).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["a comment", "# nothing\n"],
    [
      "empty sections",
      "tls_server_config:\nhttp_server_config: {}\nbasic_auth_users:\nrate_limit:\n",
    ],
    ["empty fields", "tls_server_config:\n  cert_file: ''\n  client_ca:\n"],
    ["no rate", "rate_limit:\n  interval: 0\n"],
    ["blank headers", "http_server_config:\n  headers:\n    X-Frame-Options: ''\n"],
    ["HTTP/2 off", "http_server_config:\n  http2: no\n"],
    ["an older word", `tls_server_config:\n  ${PAIR}\n  client_auth_type: RequireClientCert\n`],
    ["anchors", `tls_server_config: &a\n  ${PAIR}\nhttp_server_config:\n`],
  ])("%s", async (_name, text) => {
    expect(await problems(text)).toEqual([]);
  });
});

test("readWebConfig() takes the example of docs/web-configuration.md", async () => {
  const page = await Bun.file(`${import.meta.dir}/../../docs/web-configuration.md`).text();
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
  const { fields, warnings } = await usable(example);
  expect(Object.keys(fields)).toHaveLength(4);
  expect(warnings).toEqual([]);
});

describe("readWebConfig() refuses", () => {
  test.each<[string, string, readonly string[]]>([
    ["no section", "- a\n", ["web.yml:1: the file: must be a section"]],
    ["a text", "hello\n", ['web.yml:1: the file "hello": must be a section']],
    [
      "an unknown section",
      "\nbasic_auth_user:\n  a: b\n",
      ["web.yml:2: basic_auth_user: unknown key, did you mean basic_auth_users?"],
    ],
    [
      "unknown keys, each",
      "tls_server_config:\n  certFile: a\n  keyfile: b\n  nonsense: c\n",
      [
        "web.yml:2: tls_server_config.certFile: unknown key, did you mean cert_file?",
        "web.yml:3: tls_server_config.keyfile: unknown key, did you mean key_file?",
        "web.yml:4: tls_server_config.nonsense: unknown key",
      ],
    ],
    [
      "an unknown header",
      "http_server_config:\n  headers:\n    Server: x\n    x-frame-options: deny\n",
      [
        "web.yml:3: http_server_config.headers.Server: unknown key",
        "web.yml:4: http_server_config.headers.x-frame-options: unknown key, did you mean X-Frame-Options?",
      ],
    ],
    [
      "wrong values, all at once",
      "http_server_config:\n  http2: maybe\n  headers:\n    X-Frame-Options: allow\n    X-Content-Type-Options: sniff\nrate_limit:\n  interval: 5\n  burst: -1\n",
      [
        'web.yml:2: http_server_config.http2 "maybe": must be true or false',
        'web.yml:4: http_server_config.headers.X-Frame-Options "allow": must be one of deny, sameorigin',
        'web.yml:5: http_server_config.headers.X-Content-Type-Options "sniff": must be one of nosniff',
        'web.yml:7: rate_limit.interval "5": must be a duration from 0s to 1h, such as 30s or 1m30s',
        'web.yml:8: rate_limit.burst "-1": must be a whole number of requests',
      ],
    ],
    [
      "a header of two lines",
      'http_server_config:\n  headers:\n    X-XSS-Protection: "1\\r\\nSet-Cookie: a"\n',
      [
        'web.yml:3: http_server_config.headers.X-XSS-Protection "1\\r\\nSet-Cookie: a": must be one line without control characters',
      ],
    ],
    [
      "a rate without a burst",
      "rate_limit:\n  interval: 1s\n",
      [
        "web.yml:1: rate_limit.burst: must be at least 1 where there is an interval, or nothing would be answered",
      ],
    ],
    [
      "a section where a text belongs",
      "tls_server_config:\n  cert_file: {a: b}\n  key_file: [a]\n",
      [
        "web.yml:2: tls_server_config.cert_file: must be text",
        "web.yml:3: tls_server_config.key_file: must be text",
      ],
    ],
    [
      "a text where a section belongs",
      "tls_server_config: on\n",
      ['web.yml:1: tls_server_config "on": must be a section'],
    ],
    [
      "words that Go does not have",
      `tls_server_config:\n  ${PAIR}\n  client_auth_type: Require\n  min_version: "1.2"\n  curve_preferences: [P256]\n  cipher_suites:\n    - TLS_RSA_WITH_RC4_128_SHA\n`,
      [
        'web.yml:4: tls_server_config.client_auth_type "Require": must be one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert',
        'web.yml:5: tls_server_config.min_version "1.2": must be one of TLS10, TLS11, TLS12, TLS13',
        expect.stringMatching(
          /^web\.yml:8: tls_server_config\.cipher_suites\.0 "TLS_RSA_WITH_RC4_128_SHA": must be one of TLS_AES.*, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256$/,
        ),
        'web.yml:6: tls_server_config.curve_preferences.0 "P256": must be one of CurveP256, CurveP384, CurveP521, X25519',
      ],
    ],
    [
      "a user whose name means something else in JavaScript",
      `basic_auth_users:\n  __proto__: ${HASH}\n`,
      ["web.yml:2: basic_auth_users.__proto__: is a name that no user can have"],
    ],
    [
      "an empty list",
      `tls_server_config:\n  ${PAIR}\n  client_allowed_sans: []\n`,
      [
        "web.yml:4: tls_server_config.client_allowed_sans: must name at least one; leave it out for the default",
      ],
    ],
    [
      "TLS without a pair",
      "\ntls_server_config:\n  min_version: TLS12\n",
      [
        "web.yml:2: tls_server_config: needs cert_file, or cert with the PEM text",
        "web.yml:2: tls_server_config: needs key_file, or key with the PEM text",
      ],
    ],
    [
      "two of one",
      `tls_server_config:\n  ${PAIR}\n  key: x\n`,
      ["web.yml:4: tls_server_config.key: only one of key and key_file may be given"],
    ],
    [
      "versions the wrong way round",
      `tls_server_config:\n  ${PAIR}\n  min_version: TLS13\n  max_version: TLS12\n`,
      [
        "web.yml:5: tls_server_config.max_version: TLS12 must not be older than min_version, which is TLS13",
      ],
    ],
    [
      "suites of TLS 1.3 alone",
      `tls_server_config:\n  ${PAIR}\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n`,
      [
        expect.stringContaining(
          "web.yml:4: tls_server_config.cipher_suites: names suites of TLS 1.3 only",
        ),
      ],
    ],
    [
      "verification without an authority",
      `tls_server_config:\n  ${PAIR}\n  client_auth_type: RequireAndVerifyClientCert\n`,
      [
        "web.yml:4: tls_server_config.client_auth_type: RequireAndVerifyClientCert needs client_ca_file, or client_ca with the PEM text",
      ],
    ],
    [
      "an authority without verification",
      `tls_server_config:\n  ${PAIR}\n  client_ca_file: a\n`,
      [
        "web.yml:4: tls_server_config.client_ca_file: needs a client_auth_type that verifies: RequireAndVerifyClientCert",
      ],
    ],
    [
      "names that need not be shown",
      `tls_server_config:\n  ${PAIR}\n  client_ca_file: a\n  client_auth_type: VerifyClientCertIfGiven\n  client_allowed_sans: [a]\n`,
      [
        expect.stringContaining(
          "web.yml:6: tls_server_config.client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert",
        ),
      ],
    ],
    [
      "a user with a colon",
      `basic_auth_users:\n  "a:b": ${HASH}\n`,
      [
        "web.yml:2: basic_auth_users.a:b: must be a user without a colon, which ends the user in a request (RFC 7617)",
      ],
    ],
    [
      "a key twice",
      `basic_auth_users:\n  a: ${HASH}\n  a: ${HASH}\n`,
      ["web.yml:3: the same key a second time"],
    ],
    [
      "an unknown tag",
      "basic_auth_users: !secret x\n",
      [expect.stringMatching(/^web\.yml:1: a tag that is not known/)],
    ],
    [
      "an alias without an anchor",
      "basic_auth_users: *nobody\n",
      [expect.stringMatching(/^web\.yml:1: an alias of nothing/)],
    ],
    [
      "half a list",
      "a: [1\nb: 2\n",
      [expect.stringMatching(/^web\.yml:2: the indentation does not fit/)],
    ],
  ])("%s", async (_name, text, expected) => {
    expect(await problems(text)).toEqual([...expected]);
  });

  const SECRET = "Tr0ub4dor-and-3";
  test.each([
    ["a password in clear", `basic_auth_users:\n  alice: ${SECRET}\n`, "must be a bcrypt hash, 60"],
    ["half a hash", `basic_auth_users:\n  alice: $2y$10$${SECRET}\n`, "must be a bcrypt hash, 60"],
    [
      "another kind of hash",
      `basic_auth_users:\n  alice: $argon2id$${SECRET}\n`,
      "must be a bcrypt hash, 60",
    ],
    [
      "a hash that nothing makes",
      `basic_auth_users:\n  alice: ${HASH.slice(0, -1)}z\n`,
      "must be a bcrypt hash, 60",
    ],
    [
      "a cost that takes hours",
      `basic_auth_users:\n  alice: ${HASH.replace("$10$", "$31$")}\n`,
      "of a cost from 4 to 18, not 31",
    ],
    [
      "a cost that is none",
      `basic_auth_users:\n  alice: ${HASH.replace("$10$", "$03$")}\n`,
      "of a cost from 4 to 18, not 3",
    ],
    [
      "a list of users",
      `basic_auth_users:\n  - ${SECRET}\n`,
      "must be a section of users and hashes",
    ],
    [
      "a key that is no text",
      `tls_server_config:\n  cert: a\n  key: [${SECRET}]\n`,
      "tls_server_config.key: must be text",
    ],
    [
      "a key with an unknown name",
      `tls_server_config:\n  cert: a\n  keyy: ${SECRET}\n`,
      "did you mean key?",
    ],
    [
      "a secret where YAML wants none",
      `basic_auth_users: x\n]${SECRET}\n`,
      "web.yml:2: is not YAML here",
    ],
    [
      "broken YAML about a secret",
      `basic_auth_users:\n  alice: "a" ${SECRET}\n`,
      "web.yml:2: is not YAML here",
    ],
  ])("%s, without quoting it", async (_name, text, part) => {
    const found = (await problems(text)).join("\n");
    expect(found).toContain(part);
    expect(found).not.toContain(SECRET);
    expect(found).not.toContain("X0h1gDsPsz");
  });
});

describe("readWebConfig() warns of", () => {
  test.each(["basic_auth_users:\n", "basic_auth_users: {}\n"])(
    "users who are none: %j",
    async (text) => {
      const { warnings } = await usable(text);
      expect(warnings).toEqual([
        "web.yml:1: basic_auth_users: names nobody, so that nobody is asked for a password",
      ]);
    },
  );

  test.each([
    [
      "suites that change nothing",
      "min_version: TLS13\n  cipher_suites: [TLS_AES_128_GCM_SHA256]",
      "cipher_suites: changes nothing",
    ],
    [
      "suites of TLS 1.3",
      "cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
      "those of TLS 1.3 are always all on",
    ],
    [
      "an authority that is not used",
      "client_auth_type: RequireAnyClientCert\n  client_ca_file: a",
      "client_ca_file: is not used",
    ],
    [
      "names that anybody can give himself",
      "client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]",
      "anybody can make such a certificate",
    ],
  ])("%s", async (_name, fields, part) => {
    const { warnings } = await usable(`tls_server_config:\n  ${PAIR}\n  ${fields}\n`);
    expect(warnings).toEqual([expect.stringContaining(part)]);
  });
});
