import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { ConfigError } from "../../shared/config.ts";
import type { Pair } from "../../shared/issue.ts";
import { createLogger } from "../../shared/log.ts";
import { createCertificate, type TestCertificate } from "../../shared/testing/certificate.ts";
import {
  type ClientAuthority,
  createClientAuthority,
} from "../../shared/testing/client-certificate.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { connectTls } from "../../shared/testing/tls-client.ts";
import { type ListenWebOptions, listenWeb, type WebListener } from "./listen.ts";
import { createWebDirectory, type WebDirectory } from "./testing/web-directory.ts";

const PASSWORD = "Tr0ub4dor&3-of-the-test";
const WRONG = "n0t-the-pa55word-of-the-test";
const GET = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
const TLS = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n";

let first: TestCertificate;
let second: TestCertificate;
let clients: ClientAuthority;
let known: Pair;
let hash: string;
let users: string;
let everything = "";
let lines: string[] = [];
let opened: AsyncDisposable[] = [];

beforeAll(async () => {
  first = await createCertificate();
  second = await createCertificate();
  clients = await createClientAuthority();
  known = await clients.issue();
  hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
  users = `basic_auth_users:\n  alice: ${hash}\n`;
});
afterEach(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
  opened = [];
  everything += lines.join("");
  lines = [];
});

// Last of all, when every test has logged what it had to.
afterAll(() => {
  expect(everything).toContain("Refused");
  for (const secret of [
    PASSWORD,
    WRONG,
    hash,
    Buffer.from(`alice:${PASSWORD}`).toString("base64"),
  ]) {
    expect(everything).not.toContain(secret);
  }
  expect(everything).not.toContain("PRIVATE KEY");
});

function pairOf({ cert, key }: TestCertificate) {
  return { "tls.crt": cert, "tls.key": key };
}

function fingerprint({ cert }: TestCertificate): string {
  return new X509Certificate(cert).fingerprint256;
}

interface Opened {
  readonly listener: WebListener;
  readonly directory: WebDirectory;
  readonly url: string;
}

/** A listener with this configuration, which looks at its files at once. */
async function open(
  config: string,
  files: Readonly<Record<string, string>> = {},
  options: Partial<ListenWebOptions> = {},
): Promise<Opened> {
  const directory = createWebDirectory({ "web.yml": config, ...files });
  const log = createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) });
  const listener = await listenWeb({
    flag: "--web.listen-address",
    bind: { host: "127.0.0.1", port: 0 },
    configFile: directory.configFile,
    fetch: (request) => new Response(`page of ${new URL(request.url).pathname}`),
    log,
    watch: { pollMs: 60_000, settleMs: 5 },
    ...options,
  }).catch((error: unknown) => {
    directory[Symbol.dispose]();
    throw error;
  });
  opened.push({
    [Symbol.asyncDispose]: async () => {
      await listener.close(0);
      directory[Symbol.dispose]();
    },
  });
  return { listener, directory, url: `${listener.scheme}://localhost:${listener.port}` };
}

/** The problems that keep a configuration from being started with. */
async function refusal(config: string, files: Readonly<Record<string, string>> = {}) {
  const error: unknown = await open(config, files).catch((reason: unknown) => reason);
  if (!(error instanceof ConfigError)) throw new Error(`Not refused: ${String(error)}`);
  return error.problems.map((problem) => problem.replaceAll(/\/\S*\/web-[^/]+\//g, ""));
}

/** Asks with a password, over a connection of its own. */
async function ask(url: string, password?: string, user = "alice"): Promise<Response> {
  const headers = new Headers();
  if (password !== undefined) {
    const credentials = Buffer.from(`${user}:${password}`).toString("base64");
    headers.set("Authorization", `Basic ${credentials}`);
  }
  const tls = { ca: [first.ca, second.ca] };
  return await fetch(url, { headers, tls, keepalive: false, proxy: "" });
}

/** Asks with a client certificate, or none. */
async function meet(port: number, pair: Pair | Record<string, never>): Promise<string> {
  try {
    using client = await connectTls(port, { ca: [first.ca, second.ca], ...pair });
    await client.send(GET);
    return (await client.answer()).body;
  } catch {
    return "cut";
  }
}

async function shown(port: number): Promise<string> {
  using client = await connectTls(port, { ca: [first.ca, second.ca] });
  return client.fingerprint;
}

function logged(message: string): string[] {
  return lines.filter((line) => line.includes(message));
}

describe("listenWeb() without a web configuration", () => {
  test.each([undefined, ""])("(%j) is a plain listener for everybody", async (configFile) => {
    const { listener, url } = await open("", {}, { configFile });
    const answer = await ask(`${url}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([200, "page of /metrics"]);
    expect(await listener.reload()).toEqual({ kind: "unchanged" });
    expect(listener.state().problems).toEqual([]);
    expect(lines).toEqual([]);
  });
});

describe("listenWeb() does not start", () => {
  test("without the file", async () => {
    const missing = open("", {}, { configFile: "/nowhere/web.yml" }).catch(
      (error: ConfigError) => error.problems,
    );
    expect(await missing).toEqual([
      '--web.config.file "/nowhere/web.yml": cannot be read (ENOENT)',
    ]);
  });

  test("with a file that is wrong, and says where", async () => {
    expect(await refusal("basic_auth_users:\n  alice: plain\nrate_limt:\n")).toEqual([
      expect.stringMatching(/^web\.yml:2: basic_auth_users\.alice: must be a bcrypt hash/),
      "web.yml:3: rate_limt: unknown key, did you mean rate_limit?",
    ]);
  });

  test("with files that cannot be used, each named", async () => {
    expect(await refusal(TLS)).toEqual([
      'web.yml:2: tls_server_config.cert_file "tls.crt": cannot be read (ENOENT)',
      'web.yml:3: tls_server_config.key_file "tls.key": cannot be read (ENOENT)',
    ]);
    const ca = `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n`;
    expect(
      await refusal(ca, { "tls.crt": "no PEM", "tls.key": "no PEM", "ca.crt": "no PEM" }),
    ).toEqual([
      expect.stringMatching(
        /^web\.yml:2: tls_server_config\.cert_file "tls\.crt": holds no certificate in PEM \(/,
      ),
      expect.stringMatching(
        /^web\.yml:3: tls_server_config\.key_file "tls\.key": holds no private key in PEM without a passphrase \(/,
      ),
      'web.yml:5: tls_server_config.client_ca_file "ca.crt": holds no certificates in PEM (there is none)',
    ]);
    expect(await refusal(TLS, { "tls.crt": first.cert, "tls.key": second.key })).toEqual([
      'web.yml:3: tls_server_config.key_file "tls.key": is not the key of the certificate',
    ]);
  });

  test("where the port is in use, and names the flag", async () => {
    const { listener } = await open(users);
    for (const config of [users, TLS]) {
      const bind = { host: "127.0.0.1", port: listener.port };
      const again = await open(config, pairOf(first), { bind }).catch(String);
      expect(again).toContain(`Cannot listen on 127.0.0.1:${listener.port} (--web.listen-address)`);
    }
  });
});

describe.each(["http", "https"])("listenWeb() with users, over %s", (scheme) => {
  const start = () => (scheme === "http" ? open(users) : open(users + TLS, pairOf(first)));

  test("answers those who know a password, on every path", async () => {
    const config = scheme === "http" ? users : users + TLS;
    const { url, listener } = await open(config, pairOf(first));
    for (const path of ["/metrics", "/-/healthy", "/-/ready", "/"]) {
      const answer = await ask(url + path, PASSWORD);
      expect([answer.status, await answer.text()]).toEqual([200, `page of ${path}`]);
      expect((await ask(url + path)).status).toBe(401);
    }
    expect(listener.state().refused).toEqual({ unauthorized: 4, busy: 0, rate_limited: 0 });
  });

  test.each([
    ["no password", undefined, "alice"],
    ["a wrong password", WRONG, "alice"],
    ["a wrong user", PASSWORD, "bob"],
    ["no user", PASSWORD, ""],
  ])("turns %s away by a 401 that asks for one", async (_name, password, user) => {
    const { url } = await start();
    const answer = await ask(`${url}/metrics`, password, user);
    expect([answer.status, await answer.text()]).toEqual([401, "unauthorized\n"]);
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="exporter", charset="UTF-8"');
  });

  test("answers a scraper while wrong passwords flood in", async () => {
    const { url } = await start();
    expect((await ask(url, PASSWORD)).status).toBe(200);
    const flood = Array.from({ length: 60 }, (_, index) => ask(url, WRONG + index));
    for (let scrape = 0; scrape < 10; scrape += 1)
      expect((await ask(url, PASSWORD)).status).toBe(200);
    const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 401 && status !== 503)).toEqual([]);
  });
});

test("listenWeb() puts the configured headers on every answer, and no others", async () => {
  const headers =
    "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 0\n    Content-Security-Policy: ''\n";
  const { url } = await open(users + headers);
  for (const password of [PASSWORD, WRONG]) {
    const answer = await ask(url, password);
    expect(answer.headers.get("x-frame-options")).toBe("deny");
    expect(answer.headers.get("x-xss-protection")).toBe("0");
    expect(answer.headers.has("content-security-policy")).toBe(false);
  }
});

test("listenWeb() limits the rate of all requests, before it asks for a password", async () => {
  const { url } = await open(`${users}rate_limit:\n  interval: 1h\n  burst: 2\n`);
  expect((await ask(url, PASSWORD)).status).toBe(200);
  expect((await ask(url, WRONG)).status).toBe(401);
  const answer = await ask(url, PASSWORD);
  expect([answer.status, await answer.text()]).toEqual([429, "too many requests\n"]);
  expect(Number(answer.headers.get("retry-after"))).toBeWithin(3500, 3601);
});

describe("listenWeb() with TLS", () => {
  test("serves by files beside the configuration, or by what it holds itself", async () => {
    const indent = (pem: string) => pem.trimEnd().replaceAll(/^/gm, "    ");
    const inline = `tls_server_config:\n  cert: |\n${indent(first.cert)}\n  key: |\n${indent(first.key)}\n`;
    for (const { url, listener } of [await open(TLS, pairOf(first)), await open(inline)]) {
      expect(url).toStartWith("https:");
      expect(await (await ask(`${url}/metrics`)).text()).toBe("page of /metrics");
      const { validToDate } = new X509Certificate(first.cert);
      expect(listener.state().certificateNotAfter).toEqual(validToDate);
    }
  });

  test("obeys the versions and the suites", async () => {
    const { listener } = await open(`${TLS}  min_version: TLS13\n`, pairOf(first));
    const old = connectTls(listener.port, { ca: first.ca, maxVersion: "TLSv1.2" });
    expect(await old.catch(String)).toContain("PROTOCOL_VERSION");
    using client = await connectTls(listener.port, { ca: first.ca });
    expect(client.socket.getProtocol()).toBe("TLSv1.3");
    const suites =
      "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n";
    const other = await open(TLS + suites, pairOf(first));
    using older = await connectTls(other.listener.port, { ca: first.ca });
    expect(older.socket.getCipher().name).toBe("ECDHE-ECDSA-CHACHA20-POLY1305");
  });

  test("answers only clients whose certificate is verified, if it is told to", async () => {
    const verify = `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n`;
    const files = { ...pairOf(first), "ca.crt": clients.ca };
    const stranger = await (await createClientAuthority()).issue();
    const { listener } = await open(verify, files);
    expect(await meet(listener.port, known)).toBe("page of /metrics");
    expect(await meet(listener.port, stranger)).toBe("cut");
    expect(await meet(listener.port, {})).toBe("cut");
    const named = await open(`${verify}  client_allowed_sans: [prometheus, spiffe://c/p]\n`, files);
    expect(await meet(named.listener.port, known)).toBe("page of /metrics");
    const byUri = await clients.issue({ names: [{ type: "url", value: "spiffe://c/p" }] });
    expect(await meet(named.listener.port, byUri)).toBe("page of /metrics");
    for (const value of [
      "x, DNS:prometheus",
      'x", DNS:prometheus',
      "\\\\u0022\\",
      "\n",
      "\0prometheus",
      "",
    ]) {
      const sly = await clients.issue({ names: [{ type: "dns", value }] });
      expect([value, await meet(named.listener.port, sly)]).toEqual([value, "cut"]);
    }
    await eventually("the reason", () => logged("none of client_allowed_sans").length > 0);
  });

  test("lets those in who show nothing, but no stranger, with VerifyClientCertIfGiven", async () => {
    const config = `${TLS}  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n`;
    const { listener } = await open(config, { ...pairOf(first), "ca.crt": clients.ca });
    const stranger = await (await createClientAuthority()).issue();
    expect(await meet(listener.port, {})).toBe("page of /metrics");
    expect(await meet(listener.port, known)).toBe("page of /metrics");
    expect(await meet(listener.port, stranger)).toBe("cut");
  });
});

describe("a change of the files", () => {
  test("of the certificate is served without a failed request", async () => {
    const { listener, directory } = await open(TLS, pairOf(first));
    const { port } = listener;
    const load = { running: true, answers: 0 };
    const askers = Array.from({ length: 4 }, async () => {
      while (load.running) {
        using client = await connectTls(port, { ca: [first.ca, second.ca] });
        await client.send(GET);
        expect((await client.answer()).status).toBe(200);
        load.answers += 1;
      }
    });
    for (let rotation = 0; rotation < 10; rotation += 1) {
      const next = rotation % 2 === 0 ? second : first;
      // One after the other, as somebody's script would: for a moment they do not belong together.
      directory.write("tls.crt", next.cert);
      directory.write("tls.key", next.key);
      await eventually(
        "the next certificate",
        async () => (await shown(port)) === fingerprint(next),
      );
    }
    load.running = false;
    await Promise.all(askers);
    expect(load.answers).toBeGreaterThan(10);
    expect(listener.state().problems).toEqual([]);
  });

  test("of users, headers and the rate limit is obeyed by the next request", async () => {
    const reloads: string[] = [];
    const onReload = ({ kind }: { kind: string }) => reloads.push(kind);
    const { url, directory, listener } = await open(users, {}, { onReload });
    const before = listener.state().lastSuccessMs;
    directory.write(
      "web.yml",
      `basic_auth_users:\n  bob: ${hash}\nhttp_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n`,
    );
    await eventually("bob is let in", async () => (await ask(url, PASSWORD, "bob")).status === 200);
    expect((await ask(url, PASSWORD, "alice")).status).toBe(401);
    expect((await ask(url, PASSWORD, "bob")).headers.get("x-frame-options")).toBe("sameorigin");
    directory.write("web.yml", `rate_limit:\n  interval: 1h\n  burst: 1\n${users}`);
    expect(await listener.reload()).not.toMatchObject({ kind: "refused" });
    expect((await ask(url, PASSWORD)).status).toBe(200);
    expect((await ask(url, PASSWORD)).status).toBe(429);
    // A limit that stays the same does not begin anew.
    directory.write("web.yml", `rate_limit:\n  burst: 1\n  interval: 60m\n${users}`);
    expect(await listener.reload()).not.toMatchObject({ kind: "refused" });
    expect((await ask(url, PASSWORD)).status).toBe(429);
    expect(listener.state().lastSuccessMs).toBeGreaterThanOrEqual(before);
    expect(reloads).toContain("applied");
  });

  test("of the authority of clients holds from the next handshake on", async () => {
    const config = `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n`;
    const { listener, directory } = await open(config, { ...pairOf(first), "ca.crt": clients.ca });
    const others = await createClientAuthority();
    const other = await others.issue();
    expect(await meet(listener.port, known)).toBe("page of /metrics");
    directory.write("ca.crt", others.ca);
    expect(await listener.reload()).not.toMatchObject({ kind: "refused" });
    expect(await meet(listener.port, known)).toBe("cut");
    expect(await meet(listener.port, other)).toBe("page of /metrics");
    directory.write("ca.crt", others.ca + clients.ca);
    await listener.reload();
    expect(await meet(listener.port, known)).toBe("page of /metrics");
    directory.write("web.yml", `${config}  client_allowed_sans: [somebody]\n`);
    await listener.reload();
    expect(await meet(listener.port, known)).toBe("cut");
  });

  test.each<[string, (directory: WebDirectory) => void, string]>([
    [
      "a file that is wrong",
      (d) => d.write("web.yml", "basic_auth_users:\n  alice: plain\n"),
      "must be a bcrypt hash",
    ],
    [
      "half a file",
      (d) => d.write("web.yml", "basic_auth_users: {"),
      "web.yml:1: the indentation does not fit",
    ],
    ["no file", (d) => d.remove("web.yml"), "cannot be read (ENOENT)"],
    [
      "a key of another",
      (d) => d.write("tls.key", second.key),
      "is not the key of the certificate",
    ],
    ["an empty certificate", (d) => d.write("tls.crt", ""), "holds no certificate"],
    ["no certificate", (d) => d.remove("tls.crt"), "cannot be read (ENOENT)"],
    [
      "nothing",
      (d) => d.write("web.yml", ""),
      "asking nobody for a password any more needs a restart",
    ],
    [
      "no users any more",
      (d) => d.write("web.yml", TLS),
      "asking nobody for a password any more needs a restart",
    ],
    ["no TLS any more", (d) => d.write("web.yml", users), "turning TLS off needs a restart"],
    [
      "client certificates",
      (d) => d.write("web.yml", `${users}${TLS}  client_auth_type: RequireAnyClientCert\n`),
      "needs a restart",
    ],
  ])(
    "to %s leaves the last good configuration in force, and is told of once",
    async (_name, spoil, part) => {
      const reloads: string[] = [];
      const onReload = ({ kind }: { kind: string }) => reloads.push(kind);
      const watch = { pollMs: 20, settleMs: 5 };
      const { url, directory, listener } = await open(users + TLS, pairOf(first), {
        watch,
        onReload,
      });
      spoil(directory);
      await eventually("the log line", () => logged("Refused a new web configuration").length > 0);
      expect(listener.state().problems.join("\n")).toContain(part);
      const again = await listener.reload();
      expect(again.kind === "refused" && again.problems.join("\n")).toContain(part);
      expect((await ask(url, PASSWORD)).status).toBe(200);
      expect((await ask(url, WRONG)).status).toBe(401);
      await listener.reload();
      expect(logged("Refused a new web configuration")).toEqual([expect.stringContaining(part)]);
      expect(new Set(reloads)).toEqual(new Set(["refused"]));

      directory.write("web.yml", users + TLS);
      directory.write("tls.crt", first.cert);
      directory.write("tls.key", first.key);
      await eventually("it is right again", () => listener.state().problems.length === 0);
      expect((await ask(url, PASSWORD)).status).toBe(200);
    },
  );

  test("to TLS, where there was none, needs a restart", async () => {
    const { url, directory, listener } = await open(users, pairOf(first));
    directory.write("web.yml", users + TLS);
    expect(await listener.reload()).toEqual({
      kind: "refused",
      problems: [
        expect.stringMatching(/web\.yml: tls_server_config: turning TLS on needs a restart$/),
      ],
    });
    expect((await ask(url, PASSWORD)).status).toBe(200);
  });

  test("is seen in a directory that the configuration names only now", async () => {
    const { directory, listener } = await open(TLS, pairOf(first));
    using elsewhere = createWebDirectory(pairOf(first));
    const path = (name: string) => elsewhere.configFile.replace("web.yml", name);
    const config = `tls_server_config:\n  cert_file: ${path("tls.crt")}\n  key_file: ${path("tls.key")}\n`;
    directory.write("web.yml", config);
    await eventually("it is taken over", () => logged("Took over").length > 0);
    elsewhere.write("tls.key", second.key);
    elsewhere.write("tls.crt", second.cert);
    await eventually(
      "it is shown",
      async () => (await shown(listener.port)) === fingerprint(second),
    );
  });
});

describe("close()", () => {
  test.each([["http"], ["https"]])(
    "of %s lets an answer end, and looks at no file any more",
    async (scheme) => {
      const asked = Promise.withResolvers<void>();
      const told = Promise.withResolvers<void>();
      const fetchSlowly = async () => {
        asked.resolve();
        await told.promise;
        return new Response("whole");
      };
      const config = scheme === "http" ? users : users + TLS;
      const { url, listener, directory } = await open(config, pairOf(first), {
        fetch: fetchSlowly,
      });
      const answer = ask(url, PASSWORD);
      await asked.promise;
      const closed = listener.close(5000);
      told.resolve();
      expect(await (await answer).text()).toBe("whole");
      await closed;
      directory.write("web.yml", "nonsense:\n");
      expect(await listener.reload()).toEqual({ kind: "unchanged" });
    },
  );
});
