/** The executable with a web configuration: TLS, users and headers, changed while it is scraped. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCertificate, type TestCertificate } from "../../shared/testing/certificate.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { sample } from "../testing/metrics.ts";
import { ACCESS, createRig, type Exporter, type Rig } from "../testing/rig.ts";

setDefaultTimeout(30_000);

const PASSWORD = "scraper's passw0rd: ü";
const TLS = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n";
const HEADERS = "http_server_config:\n  headers:\n    X-Content-Type-Options: nosniff\n";

let first: TestCertificate;
let second: TestCertificate;
let users: string;

beforeAll(async () => {
  [first, second] = [await createCertificate(), await createCertificate()];
  const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
  users = `basic_auth_users:\n  prometheus: ${hash}\n`;
});

interface Secured {
  readonly rig: Rig;
  readonly exporter: Exporter;
  /** Asks by a connection of its own. */
  readonly ask: (path: string, options?: { password?: string; ca?: string }) => Promise<Response>;
}

async function startSecured(rig: Rig): Promise<Secured> {
  rig.hide(PASSWORD);
  rig.write("tls.crt", first.cert);
  rig.write("tls.key", first.key);
  const file = rig.write("web.yml", users + TLS + HEADERS);
  const exporter = await rig.start([`--web.config.file=${file}`], { env: ACCESS });
  const port = await exporter.port("web");
  const ask: Secured["ask"] = async (path, { password = PASSWORD, ca = first.ca } = {}) => {
    const headers = { authorization: basic(password), connection: "close" };
    const tls = { ca };
    return await fetch(`https://localhost:${port}${path}`, { headers, tls, proxy: false });
  };
  return { rig, exporter, ask };
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`prometheus:${password}`).toString("base64")}`;
}

const lastReload = async ({ ask, rig }: Secured, ca?: string) => {
  const text = await (await ask("/-/metrics", ca === undefined ? {} : { ca })).text();
  rig.search(text);
  return sample(text, "exporter_web_config_last_reload_successful");
};

describe("--web.config.file", () => {
  test("gives TLS, a user and headers to every path", async () => {
    await using rig = createRig();
    const { ask } = await startSecured(rig);
    for (const path of ["/metrics", "/", "/-/ready", "/-/metrics", "/nowhere"]) {
      const denied = await ask(path, { password: "wrong" });
      expect([path, denied.status]).toEqual([path, 401]);
      expect(denied.headers.get("x-content-type-options")).toBe("nosniff");
      rig.search(await denied.text());
      const granted = await ask(path);
      expect([path, granted.status]).not.toEqual([path, 401]);
      expect(granted.headers.get("x-content-type-options")).toBe("nosniff");
      rig.search(await granted.text());
    }
    expect(await ask("/metrics", { ca: second.ca }).catch(() => "refused")).toBe("refused");
  });

  test("follows a new certificate without a failed request", async () => {
    await using rig = createRig();
    const secured = await startSecured(rig);
    const both = first.ca + second.ca;
    const stop = new AbortController();
    const seen: string[] = [];
    const scrape = async () => {
      while (!stop.signal.aborted) {
        const answer = await secured.ask("/metrics", { ca: both });
        const text = await answer.text();
        rig.search(text);
        seen.push(`${answer.status} ${text.includes("\nktcloud_snapshot_samples ")}`);
      }
    };
    const scrapers = Promise.all([scrape(), scrape(), scrape(), scrape()]);
    for (const pair of [second, first, second]) {
      // A key that does not fit yet is refused, and the old pair goes on.
      rig.write("tls.crt", pair.cert);
      rig.write("tls.key", pair.key);
      await eventually("the new certificate is served", () =>
        secured.ask("/-/healthy", { ca: pair.ca }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    }
    stop.abort();
    await scrapers;
    expect(seen.length).toBeGreaterThan(20);
    expect(new Set(seen)).toEqual(new Set(["200 true"]));
    expect(await lastReload(secured, second.ca)).toBe(1);
  });

  test("that turns bad is refused, and told of by SIGHUP's log, a reload, a metric and the page", async () => {
    await using rig = createRig();
    const secured = await startSecured(rig);
    const { exporter, ask } = secured;
    rig.write("web.yml", `${users}${TLS}  key: ${PASSWORD}\n`);
    exporter.kill("SIGHUP");
    await exporter.logged(({ msg }) => msg.startsWith("Refused a new web configuration"));
    expect(await lastReload(secured)).toBe(0);
    const headers = { authorization: basic(PASSWORD) };
    const url = `https://localhost:${await exporter.port("web")}/-/reload`;
    const reload = () =>
      fetch(url, { method: "POST", headers, tls: { ca: first.ca }, proxy: false });
    const refused = await reload();
    expect(refused.status).toBe(500);
    const problems = await refused.text();
    rig.search(problems);
    expect(problems).toContain("web.yml:");
    const page = await (await ask("/")).text();
    rig.search(page);
    expect(page).toContain("The configuration as it is now is not in force");

    // An empty file would let everybody in.
    rig.write("web.yml", "");
    expect((await reload()).status).toBe(500);
    expect((await ask("/metrics", { password: "" })).status).toBe(401);

    rig.write("web.yml", users + TLS);
    // Reloaded by it, or unchanged where the watch was quicker.
    expect((await reload()).status).toBe(200);
    expect((await ask("/metrics")).headers.get("x-content-type-options")).toBeNull();
    expect(await (await ask("/")).text()).not.toContain("is not in force");
    expect(await lastReload(secured)).toBe(1);
  });

  test("is passed by 'exporter get', which has the password from its environment", async () => {
    await using rig = createRig();
    const { exporter } = await startSecured(rig);
    const args = [
      "get",
      "/-/healthy",
      `--web.listen-address=127.0.0.1:${await exporter.port("web")}`,
    ];
    const user = { EXPORTER_GET_SCHEME: "https", EXPORTER_GET_USER: "prometheus" };
    const file = rig.write("get-password", `${PASSWORD}\n`);
    for (const secret of [
      { EXPORTER_GET_PASSWORD: PASSWORD },
      { EXPORTER_GET_PASSWORD_FILE: file },
    ]) {
      const env = { ...user, ...secret };
      expect(await rig.run(args, { env })).toEqual({ code: 0, stdout: "ok\n", stderr: "" });
    }
    const wrong = await rig.run(args, { env: { ...user, EXPORTER_GET_PASSWORD: "wr0ng" } });
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    expect(wrong.stderr).toContain("answered with 401: unauthorized");
    const plain = await rig.run(args);
    expect(plain).toMatchObject({ code: 1, stdout: "" });
    expect(plain.stderr).toContain("exporter get: http://127.0.0.1");
  });
});

test("a web configuration that cannot be used at the start is 78 with every problem", async () => {
  await using rig = createRig();
  const file = rig.write("web.yml", "http2: true\nrate_limit:\n  interval: 5\n");
  const { code, stderr } = await rig.run([`--web.config.file=${file}`], { env: ACCESS });
  expect(code).toBe(78);
  expect(stderr).toContain("2 problems");
  expect(stderr).toContain(`${file}:1: http2: unknown key\n`);
});
