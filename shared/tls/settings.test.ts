import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { Pair } from "../issue.ts";
import { createLogger } from "../log.ts";
import { createCertificate, type TestCertificate } from "../testing/certificate.ts";
import { type ClientAuthority, createClientAuthority } from "../testing/client-certificate.ts";
import { eventually } from "../testing/eventually.ts";
import { connectTls, post } from "../testing/tls-client.ts";
import {
  listenTls,
  type TlsListener,
  type TlsListenOptions,
  type TlsSettings,
} from "./listener.ts";
import { openSocketPath } from "./socket-path.ts";

type ClientOptions = Omit<ConnectionOptions, "ca">;

let pair: TestCertificate;
let clients: ClientAuthority;
let known: Pair;
let opened: TlsListener[] = [];
let lines: string[] = [];

beforeAll(async () => {
  pair = await createCertificate();
  clients = await createClientAuthority();
  known = await clients.issue();
});
afterEach(async () => {
  await Promise.all(opened.map((listener) => listener.close(0)));
  opened = [];
  lines = [];
});

async function start(options: Partial<TlsListenOptions>, settings: Partial<TlsSettings> = {}) {
  const write = (line: string) => lines.push(line);
  const log = createLogger({ level: "debug", format: "json", write });
  const bind = { host: "127.0.0.1", port: 0 };
  const fetch = () => new Response("ok");
  const listener = await listenTls({ flag: "--port", bind, log, fetch, ...options });
  opened.push(listener);
  listener.replace({ cert: pair.cert, key: pair.key, ...settings });
  return listener;
}

/** What a client sees: the protocol and suite that were agreed, or how the handshake failed. */
async function meet(port: number, options: ClientOptions): Promise<string> {
  try {
    using client = await connectTls(port, { ca: pair.ca, ...options });
    return `${client.socket.getProtocol()} ${client.socket.getCipher().name}`;
  } catch (error) {
    return String(error);
  }
}

const AES128 = "ECDHE-ECDSA-AES128-GCM-SHA256";
const AES256 = "ECDHE-ECDSA-AES256-GCM-SHA384";

describe("replace() takes", () => {
  const OLD: ClientOptions = { maxVersion: "TLSv1.2" };
  test.each<[string, Partial<TlsSettings>, ClientOptions, string]>([
    ["TLS 1.2 by default", {}, OLD, "TLSv1.2"],
    ["a least version", { minVersion: "TLSv1.3" }, OLD, "PROTOCOL_VERSION"],
    ["a least version, met", { minVersion: "TLSv1.3" }, {}, "TLSv1.3"],
    [
      "an older least version",
      { minVersion: "TLSv1.1" },
      { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" },
      "TLSv1.1",
    ],
    ["a last version", { maxVersion: "TLSv1.2" }, {}, "TLSv1.2"],
    [
      "a last version, not met",
      { maxVersion: "TLSv1.2" },
      { minVersion: "TLSv1.3" },
      "PROTOCOL_VERSION",
    ],
    ["suites", { ciphers: AES256 }, OLD, `TLSv1.2 ${AES256}`],
    ["suites, not met", { ciphers: AES256 }, { ...OLD, ciphers: AES128 }, "HANDSHAKE_FAILURE"],
    [
      "an order of its own",
      { ciphers: `${AES128}:${AES256}`, honorCipherOrder: true },
      { ...OLD, ciphers: `${AES256}:${AES128}` },
      AES128,
    ],
    [
      "the client's order",
      { ciphers: `${AES128}:${AES256}`, honorCipherOrder: false },
      { ...OLD, ciphers: `${AES256}:${AES128}` },
      AES256,
    ],
    ["curves", { ecdhCurve: "P-521:P-384" }, { ecdhCurve: "P-256" }, "HANDSHAKE_FAILURE"],
    ["curves, met", { ecdhCurve: "P-521:P-384" }, { ecdhCurve: "P-256:P-384" }, "TLSv1.3"],
  ])("%s", async (_name, settings, client, outcome) => {
    const { port } = await start({}, settings);
    expect(await meet(port, client)).toContain(outcome);
  });

  test("the settings of the newest call only", async () => {
    const listener = await start({}, { minVersion: "TLSv1.3" });
    listener.replace(pair);
    expect(await meet(listener.port, OLD)).toContain("TLSv1.2");
  });
});

describe("admit()", () => {
  const verified = (client: TLSSocket) => (client.authorized ? undefined : "not verified");
  /** Whether a request is answered. */
  const answered = async (port: number, options: ClientOptions) => {
    try {
      using client = await connectTls(port, { ca: pair.ca, ...options });
      await client.send(post("x"));
      return (await client.answer()).body;
    } catch {
      return "cut";
    }
  };

  describe.each(["TLSv1.2", "TLSv1.3"] as const)("with %s", (maxVersion) => {
    test("lets in whom it admits, and nobody else", async () => {
      const { port } = await start({ admit: verified }, { ca: clients.ca });
      const other = await (await createClientAuthority()).issue();
      const expired = await clients.issue({ notAfter: new Date(Date.now() - 1000) });
      const server = await clients.issue({ usage: "server" });
      expect(await answered(port, { ...known, maxVersion })).toBe("ok");
      for (const stranger of [{}, other, expired, server]) {
        expect(await answered(port, { ...stranger, maxVersion })).toBe("cut");
      }
      await eventually("four lines", () => lines.length === 4);
      for (const line of lines) expect(line).toMatch(/"DEBUG".*Refused a client.*not verified/);
    });

    test("judges a resumed session as the one before, and none across a change", async () => {
      const listener = await start({ admit: verified }, { ca: clients.ca });
      const session = Promise.withResolvers<Buffer>();
      using first = await connectTls(listener.port, { ca: pair.ca, ...known, maxVersion });
      first.socket.on("session", session.resolve);
      await first.send(post("x"));
      expect((await first.answer()).body).toBe("ok");
      const resumed = { maxVersion, session: await session.promise };
      expect(await answered(listener.port, { ...known, ...resumed })).toBe("ok");
      const other = await createClientAuthority();
      listener.replace({ cert: pair.cert, key: pair.key, ca: other.ca });
      expect(await answered(listener.port, { ...known, ...resumed })).toBe("cut");
      expect(await answered(listener.port, { ...(await other.issue()), maxVersion })).toBe("ok");
    });
  });

  test("cuts a client that it fails to judge, and goes on", async () => {
    let calls = 0;
    const admit = () => {
      calls += 1;
      if (calls === 1) throw new TypeError("an odd certificate");
      return undefined;
    };
    const { port } = await start({ admit });
    expect(await answered(port, known)).toBe("cut");
    expect(lines).toEqual([expect.stringMatching(/"DEBUG".*cannot be judged: an odd certificate/)]);
    expect(await answered(port, known)).toBe("ok");
  });

  test("cannot be gone round: the inner socket is behind a directory of its owner's", async () => {
    const directory = mkdtempSync(join(tmpdir(), "inner-"));
    const before = process.env.TMPDIR;
    process.env.TMPDIR = directory;
    try {
      await start({});
      expect(readdirSync(directory).length).toBe(process.platform === "linux" ? 0 : 1);
      const { port } = await start({ admit: verified }, { ca: clients.ca });
      const [name = ""] = readdirSync(directory);
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o700);
      expect(readdirSync(join(directory, name))).toEqual(["socket"]);
      expect(await answered(port, known)).toBe("ok");
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
    for (const listener of opened.splice(0)) await listener.close(0);
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  test("is not asked, nor a certificate, where there is none", async () => {
    const { port } = await start({});
    expect(await answered(port, known)).toBe("ok");
  });
});

describe("openSocketPath()", () => {
  test("needs no file, where the system can do without", () => {
    const { path, remove } = openSocketPath({ ownerOnly: false });
    if (process.platform === "linux") expect(path).toStartWith("\0tls-");
    remove();
  });

  test("with ownerOnly is in a directory that only its owner can enter, until it is removed", () => {
    const { path, remove } = openSocketPath({ ownerOnly: true });
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    remove();
    expect(existsSync(dirname(path))).toBe(false);
  });
});
